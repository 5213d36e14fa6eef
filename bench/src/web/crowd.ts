/** A large group with somebody who looks at it, and those who write to it at a fixed rate. */
import {
  type ConversationId,
  MEMBERS_PER_REQUEST_MAX,
  parseClientMessageId,
  parseUserId,
  textBody,
  type UserId,
} from "@parley/protocol";
import { prepareInstallation } from "../installation.js";
import { RawClient } from "../load/raw-client.js";
import { pause } from "../pause.js";
import { seededUnit } from "../seeded-unit.js";
import { whatIsSaid } from "../searching/said.js";

/** Who looks at it. */
export const READER = parseUserId("reader");
export const PASSWORD = "parley-bench";
export const TITLE = "Everybody";
/** What the last of the members is called, and nobody else. */
export const LAST_NAME = "Zacharias Quillfeather";
/** Who writes. */
const WRITERS = 20;
/** Different texts; beyond them they come again. */
const TEXTS = 50_000;
const PACE_MS = 1;
const ANSWER_MS_MAX = 30_000;
const ANSWER_STEP_MS = 20;
const GIVEN_NAMES = "Ada Ben Chen Dana Erik Fatma Goran Hana Ivan Julia Kofi Lena Ming Nils Olga Pedro".split(
  " ",
);
const SYLLABLES = "ba ne ko ri lu sa to mi ve da go ni ra su te wo".split(" ");

export interface CrowdPlan {
  readonly dataDirectory: string;
  /** Of the large group, the reader with them. */
  readonly members: number;
}

/** What the reader signs in to: everybody is an account of the server, and some of them have a device. */
export async function prepareCrowd({ dataDirectory, members }: CrowdPlan): Promise<Crowd> {
  const others = Array.from({ length: members - 1 }, (_, index) => parseUserId(`m${index}`));
  const unit = seededUnit(1);
  const some = (list: readonly string[]): string => list[Math.floor(unit() * list.length)]!;
  const nameOf = (userId: string): string => {
    // One that is found by the name alone, and stands last of all.
    if (userId === others.at(-1)) return LAST_NAME;
    const family = some(SYLLABLES) + some(SYLLABLES) + some(SYLLABLES);
    return `${some(GIVEN_NAMES)} ${family.charAt(0).toUpperCase()}${family.slice(1)}`;
  };
  const writing = others.slice(0, WRITERS);
  await prepareInstallation({ dataDirectory, userIds: others.slice(WRITERS), devicesPerUser: 0, nameOf });
  // Making a password takes long on purpose, so one has one.
  await prepareInstallation({ dataDirectory, userIds: [READER], devicesPerUser: 0, password: PASSWORD });
  const { tokens } = await prepareInstallation({
    dataDirectory,
    userIds: writing,
    devicesPerUser: 1,
    nameOf,
  });
  return new Crowd(
    others,
    writing.map((userId) => tokens.get(userId)![0]!),
  );
}

interface Writer {
  readonly client: RawClient;
  count: number;
}

export class Crowd {
  readonly #members: readonly UserId[];
  readonly #tokens: readonly string[];
  readonly #writers: Writer[] = [];
  readonly #texts = whatIsSaid(TEXTS);
  readonly #dueMs: number[] = [];
  /** The sequence that each message got, by its number. */
  readonly #sequences = new Map<number, number>();
  #refused = 0;
  #conversationId: ConversationId | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(members: readonly UserId[], tokens: readonly string[]) {
    this.#members = members;
    this.#tokens = tokens;
  }

  get conversationId(): ConversationId {
    return this.#conversationId!;
  }

  get textSource(): string {
    return this.#texts.source;
  }

  get sent(): number {
    return this.#sent;
  }

  get refused(): number {
    return this.#refused;
  }

  /** The sequences of the first and the last message, and the number of the last. */
  get range(): { readonly first: number; readonly last: number; readonly newest: number } {
    const pairs = [...this.#sequences].toSorted(([, one], [, other]) => one - other);
    return { first: pairs[0]?.[1] ?? 0, last: pairs.at(-1)?.[1] ?? 0, newest: pairs.at(-1)?.[0] ?? 0 };
  }

  /** When a message was due, in epoch milliseconds; undefined before it was. */
  dueMs(number: number): number | undefined {
    return this.#dueMs[number];
  }

  /** Connects those who write, and makes the large group and `others` small ones, with a message in each. */
  async open(url: string, others: number): Promise<void> {
    for (const token of this.#tokens) {
      const client = await RawClient.connect({
        url,
        token,
        onSent: (number, sequence) => this.#sequences.set(number, sequence),
        onFrame: (frame) => {
          if (frame.name === "refused") this.#refused += 1;
        },
      });
      this.#writers.push({ client, count: 0 });
    }
    const [owner] = this.#writers;
    for (let index = 0; index < others; index++) {
      const title = `Project ${index}`;
      const conversationId = await createGroup(owner!.client, title, [READER, ...this.#members.slice(1, 5)]);
      const body = textBody(this.#texts.texts[index]!);
      const clientMessageId = parseClientMessageId(`o${index}`);
      const sent = { conversationId, clientMessageId, number: 1, body };
      const answer = await owner!.client.request("send", sent);
      if (answer.name !== "sent") throw new Error(`A message was not taken: ${JSON.stringify(answer)}`);
    }
    const rest = [READER, ...this.#members.slice(1)];
    const first = rest.slice(0, MEMBERS_PER_REQUEST_MAX - 1);
    this.#conversationId = await createGroup(owner!.client, TITLE, first);
    for (let start = first.length; start < rest.length; start += MEMBERS_PER_REQUEST_MAX) {
      const userIds = rest.slice(start, start + MEMBERS_PER_REQUEST_MAX);
      const change = { conversationId: this.#conversationId, userIds };
      const answer = await owner!.client.request("changeMembers", change);
      if (answer.name !== "done") throw new Error(`Members were not added: ${JSON.stringify(answer)}`);
    }
  }

  /** Writes `rate` messages a second, each due at a fixed time. */
  start(rate: number): void {
    const beganMs = Date.now();
    const before = this.#sent;
    const turn = (): void => {
      const due = before + Math.floor(((Date.now() - beganMs) * rate) / 1000);
      while (this.#sent < due) this.#send(beganMs + ((this.#sent + 1 - before) * 1000) / rate);
    };
    this.#timer = setInterval(turn, PACE_MS);
  }

  /** Resolves when all that was written has its answer. Errors: an Error when some of it has none in time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const untilMs = performance.now() + ANSWER_MS_MAX;
    while (this.#sequences.size + this.#refused < this.#sent) {
      if (performance.now() > untilMs) throw new Error("Some messages have no answer.");
      await pause(ANSWER_STEP_MS);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#writers.map(({ client }) => client.close()));
  }

  /** What one says now, as text without a number. */
  text(index: number): string {
    return this.#texts.texts[index % TEXTS]!;
  }

  #send(dueMs: number): void {
    this.#sent += 1;
    const number = this.#sent;
    this.#dueMs[number] = dueMs;
    const writer = this.#writers[number % this.#writers.length]!;
    writer.count += 1;
    writer.client.write("send", {
      requestId: number,
      conversationId: this.conversationId,
      clientMessageId: parseClientMessageId(`f${number}`),
      number: writer.count,
      // The page says by it what it shows.
      body: textBody(`${this.text(number)} #${number}`),
    });
  }
}

async function createGroup(
  owner: RawClient,
  title: string,
  userIds: readonly UserId[],
): Promise<ConversationId> {
  const name = title.toLowerCase().replace(" ", "-");
  const answer = await owner.request("createConversation", { userIds, title, name });
  if (answer.name !== "conversationCreated")
    throw new Error(`The group was not made: ${JSON.stringify(answer)}`);
  return answer.payload.conversationId;
}
