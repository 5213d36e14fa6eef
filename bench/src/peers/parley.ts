/** Parley itself: its real server over WebSockets, with its data encrypted, as `direct` measures it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ConversationId,
  MEMBERS_PER_REQUEST_MAX,
  parseClientMessageId,
  parseUserId,
  textBody,
} from "@parley/protocol";
import { type Installation, prepareInstallation } from "../installation.js";
import { RawClient } from "../load/raw-client.js";
import { pause } from "../pause.js";
import { NODE_FLAGS, ServerProcess } from "../server-process.js";
import type { ConnectOptions, Peer, PeerClient, PeerServer, Place, StartOptions } from "./peer.js";
import { TEXT_BYTES, textOf } from "./text.js";

/** When a server that is busy is asked again, and how often. */
const AGAIN_MS = 50;
const TRIES_MAX = 200;

export const parley: Peer = {
  name: "parley",
  kind: "parley",
  hasAcks: true,
  keepsMissed: true,
  promise:
    "Acknowledges after fdatasync of the conversation's log; each user has a queue, each conversation its history.",
  find: () => ({ version: versionOfServer() }),
  start: (options) => start(options),
};

function versionOfServer(): string {
  const path = new URL("../package.json", import.meta.resolve("@parley/server"));
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

async function start({ directory, users, core }: StartOptions): Promise<PeerServer> {
  const dataDirectory = join(directory, "data");
  const userIds = Array.from({ length: users }, (_, user) => nameOf(user));
  const installation = await prepareInstallation({ dataDirectory, userIds, devicesPerUser: 1 });
  const nodeArguments = ["--expose-gc"];
  const server = await ServerProcess.start({
    dataDirectory,
    nodeArguments,
    ...(core === undefined ? {} : { core }),
  });
  const group: Group = { conversationId: undefined };
  return {
    pid: server.pid,
    configuration: `node ${NODE_FLAGS.join(" ")} main.js --data DIRECTORY --port PORT --demo off`,
    connect: (wanted) => ParleyClient.connect(server, { installation, group }, wanted),
    async makeGroup(members) {
      const [owner = 0, ...others] = members;
      const client = await RawClient.connect({
        url: server.webSocketUrl,
        token: tokenOf(installation, owner),
      });
      group.conversationId = await makeGroup(client, others);
      await client.close();
    },
    async collectGarbage() {
      return (await server.collectGarbage()).youngBytes;
    },
    async stop() {
      await server.stop();
    },
  };
}

async function makeGroup(owner: RawClient, others: readonly number[]): Promise<ConversationId> {
  const userIds = others.map((user) => parseUserId(nameOf(user)));
  const first = userIds.slice(0, MEMBERS_PER_REQUEST_MAX - 1);
  const made = await owner.request("createConversation", { userIds: first, title: "All", name: "all" });
  if (made.name !== "conversationCreated") throw new Error(`The group was not made: ${JSON.stringify(made)}`);
  const { conversationId } = made.payload;
  for (let from = first.length; from < userIds.length; from += MEMBERS_PER_REQUEST_MAX) {
    const added = userIds.slice(from, from + MEMBERS_PER_REQUEST_MAX);
    const answer = await owner.request("changeMembers", { conversationId, userIds: added });
    if (answer.name !== "done") throw new Error(`Members were not added: ${JSON.stringify(answer)}`);
  }
  return conversationId;
}

interface Group {
  conversationId: ConversationId | undefined;
}

/** A conversation that a client writes to, and how often it did: the server wants these numbers without a hole. */
interface Target {
  readonly conversationId: ConversationId;
  sent: number;
}

interface Home {
  readonly installation: Installation;
  readonly group: Group;
}

class ParleyClient implements PeerClient {
  readonly #group: Group;
  #client!: RawClient;
  #to: Target | undefined;
  #toGroup: Target | undefined;
  #isEnding = false;
  readonly #targets = new Map<ConversationId, Target>();

  static async connect(server: ServerProcess, home: Home, wanted: ConnectOptions): Promise<ParleyClient> {
    for (let tries = 1; ; tries++) {
      const client = new ParleyClient(home.group);
      try {
        await client.#begin(server, home.installation, wanted);
        return client;
      } catch (error) {
        // A server that takes in many at once tells some to come again.
        if (tries === TRIES_MAX) throw error;
        await pause(AGAIN_MS);
      }
    }
  }

  private constructor(group: Group) {
    this.#group = group;
  }

  async #begin(server: ServerProcess, installation: Installation, wanted: ConnectOptions): Promise<void> {
    const { handlers, since, user } = wanted;
    this.#client = await RawClient.connect({
      url: server.webSocketUrl,
      token: tokenOf(installation, user),
      ...(since === undefined ? {} : { epoch: Number(since["epoch"]), pts: Number(since["pts"]) }),
      onSent: handlers.onAck,
      onPush: (sequence, _number, textNumber, textBytes) =>
        handlers.onMessage(textNumber, sequence, textBytes === TEXT_BYTES),
      onFrame: (frame) => {
        if (frame.name === "refused") handlers.onFault(`refused: ${frame.payload.code}`);
      },
    });
    void this.#client.closed.then(() => {
      if (!this.#isEnding) handlers.onFault("The server closed a connection.");
    });
  }

  async open(toUser: number): Promise<void> {
    const userIds = [parseUserId(nameOf(toUser))];
    const made = await this.#client.request("createConversation", { isDirect: true, userIds, name: "d" });
    if (made.name !== "conversationCreated")
      throw new Error(`The chat was not made: ${JSON.stringify(made)}`);
    this.#to = this.#target(made.payload.conversationId);
  }

  /** A large group has a topic that is followed; a smaller one comes by the queue. */
  async join(): Promise<void> {
    const { conversationId } = this.#group;
    if (conversationId === undefined) throw new Error("The group is not made.");
    const answer = await this.#client.request("listConversations", { conversationId });
    const entry = answer.name === "conversationList" ? answer.payload.entries[0] : undefined;
    if (entry === undefined) throw new Error(`The group is not listed: ${JSON.stringify(answer)}`);
    if (entry.isShared) await this.#client.follow(conversationId, entry.topicPts);
  }

  send(number: number): void {
    this.#send(this.#to!, number);
  }

  sendToGroup(number: number): void {
    this.#toGroup ??= this.#target(this.#group.conversationId!);
    this.#send(this.#toGroup, number);
  }

  ping(): void {
    this.#client.write("ping", {});
  }

  cut(): Place {
    this.#isEnding = true;
    const { epoch, pts } = this.#client.position;
    this.#client.terminate();
    return { epoch, pts };
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    await this.#client.close();
  }

  #target(conversationId: ConversationId): Target {
    const known = this.#targets.get(conversationId);
    if (known !== undefined) return known;
    const target = { conversationId, sent: 0 };
    this.#targets.set(conversationId, target);
    return target;
  }

  #send(target: Target, number: number): void {
    target.sent += 1;
    this.#client.write("send", {
      requestId: number,
      conversationId: target.conversationId,
      clientMessageId: parseClientMessageId(`b${number}`),
      number: target.sent,
      body: textBody(textOf(number).toString("latin1")),
    });
  }
}

function nameOf(user: number): string {
  return `u${user}`;
}

function tokenOf({ tokens }: Installation, user: number): string {
  return tokens.get(parseUserId(nameOf(user)))![0]!;
}
