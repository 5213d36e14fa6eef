/**
 * Messages as a company writes them: 6% of the conversations hold half of all messages, 20% hold 74%. All of it is drawn from
 * a seed, so that two layouts get the same rows in the same order.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seededUnit } from "../seeded-unit.js";
import { encode, Message } from "@parley/protocol";
import type { Key } from "@parley/tables";
import { CHAT_LOGS } from "../chat-logs.js";

/** Share of the conversations, and of the messages that they hold. */
const TIERS = [
  { conversations: 0.06, messages: 0.5 },
  { conversations: 0.14, messages: 0.24 },
  { conversations: 0.8, messages: 0.26 },
] as const;
const MEMBERS = 12;
const ID_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_LENGTH = 26;
const ID_TIME_LENGTH = 10;
const START_MS = 1_790_000_000_000;
const STEP_MS = 11;
const LINES_MAX = 20_000;
const LINE_LENGTH_MIN = 20;
const TENANT = "default";

export interface MessageRow {
  readonly conversation: number;
  readonly sequence: number;
  readonly value: Uint8Array;
}

export class Workload {
  readonly conversations: number;
  /** Messages that each conversation has so far. */
  readonly lengths: Uint32Array;
  readonly #unit: () => number;
  readonly #lines: readonly string[];
  readonly #rowBytes: number;
  #count = 0;

  constructor(options: { readonly seed: number; readonly conversations: number; readonly rowBytes: number }) {
    this.conversations = options.conversations;
    this.lengths = new Uint32Array(options.conversations);
    this.#unit = seededUnit(options.seed);
    this.#lines = chatLines();
    this.#rowBytes = options.rowBytes;
  }

  next(): MessageRow {
    const conversation = this.#draw();
    const sequence = ++this.lengths[conversation]!;
    return { conversation, sequence, value: this.#message(conversation, sequence) };
  }

  #draw(): number {
    let rest = this.#unit();
    let first = 0;
    for (const tier of TIERS) {
      const size = Math.max(1, Math.round(tier.conversations * this.conversations));
      if (rest < tier.messages || first + size >= this.conversations) {
        const within = Math.min(size, this.conversations - first);
        return first + Math.floor(this.#unit() * within);
      }
      rest -= tier.messages;
      first += size;
    }
    return 0;
  }

  #message(conversation: number, sequence: number): Uint8Array {
    const number = this.#count++;
    const sender = Math.floor(this.#unit() * MEMBERS);
    const message = (text: string): Uint8Array =>
      encode(Message, {
        conversationId: conversationId(conversation),
        sequence,
        messageId: this.#id(START_MS + number * STEP_MS),
        senderId: `user${conversation % 997}-${sender}`,
        clientMessageId: `d${sender}-${number}`,
        timeMs: START_MS + number * STEP_MS,
        body: { text: { text } },
        isCountable: true,
      } as Message);
    const room = this.#rowBytes - message("").length;
    return message(this.#text(room));
  }

  /** Lines of chat, as many as fill the row. */
  #text(length: number): string {
    let text = "";
    while (text.length < length) text += `${this.#lines[Math.floor(this.#unit() * this.#lines.length)]} `;
    return text.slice(0, Math.max(1, length));
  }

  /** A ULID, as the product's: ten signs of time, and sixteen of chance. */
  #id(timeMs: number): string {
    let id = "";
    for (let rest = timeMs; id.length < ID_TIME_LENGTH; rest = Math.floor(rest / ID_SIGNS.length))
      id = ID_SIGNS[rest % ID_SIGNS.length]! + id;
    while (id.length < ID_LENGTH) id += ID_SIGNS[Math.floor(this.#unit() * ID_SIGNS.length)];
    return id;
  }
}

export function partitionKey(conversation: number): Key {
  return [TENANT, conversationId(conversation)];
}

export function textSource(): "chat logs" | "made up" {
  return existsSync(CHAT_LOGS) ? "chat logs" : "made up";
}

function conversationId(conversation: number): string {
  return `g:01K9ZB0000${String(conversation).padStart(16, "0")}`;
}

/** Lines that people wrote, or, where the logs are not at hand, lines made of a few hundred words. */
function chatLines(): readonly string[] {
  const lines: string[] = [];
  if (textSource() === "chat logs") {
    for (const name of readdirSync(CHAT_LOGS).toSorted()) {
      if (!name.endsWith(".txt")) continue;
      const said = readFileSync(join(CHAT_LOGS, name), "utf8").split("\n");
      lines.push(...said.map(withoutHead).filter((line) => line.length >= LINE_LENGTH_MIN));
      if (lines.length >= LINES_MAX) return lines;
    }
    return lines;
  }
  const unit = seededUnit(7);
  const letters = (): string =>
    Array.from({ length: 2 + Math.floor(unit() * 7) }, () =>
      String.fromCharCode(97 + Math.floor(unit() ** 2 * 26)),
    ).join("");
  const words = Array.from({ length: 3_000 }, letters);
  for (let line = 0; line < LINES_MAX; line++) {
    const count = 4 + Math.floor(unit() * 14);
    lines.push(Array.from({ length: count }, () => words[Math.floor(unit() ** 3 * words.length)]).join(" "));
  }
  return lines;
}

/** "[12:34] <name> what was said" without what stands before the text. */
function withoutHead(line: string): string {
  return line.replace(/^\[\d\d:\d\d\] (?:<[^>]*> )?/, "");
}
