/**
 * A client of Redis that chats over streams: one for each user and one for the group. It waits for what comes on a connection of its
 * own, from the entry that it had last, and writes on another.
 */
import { Link, within } from "../link.js";
import type { ClientHandlers, ConnectOptions, PeerClient, Place } from "../peer.js";
import { TEXT_BYTES, isWholeText, numberIn, textOf } from "../text.js";
import { RespReader, commandOf } from "./codec.js";

const GROUP_KEY = "g";
/** Entries of a reply. */
const COUNT_MAX = "1000";
/** XREAD's reply: streams, a stream, its entries, an entry, its fields. XREVRANGE's: entries, an entry, its fields. */
const DEPTH = { newest: 2, entry: 4, fields: 5 } as const;
/** An entry is an id and its fields. */
const LEFT_AT_ID = 2;
const LEFT_AT_VALUE = 1;

export class RedisClient implements PeerClient {
  readonly #port: number;
  readonly #handlers: ClientHandlers;
  #listening!: Listening;
  #writing: Writing | undefined;
  #head = "";

  static async connect(port: number, { user, handlers, since }: ConnectOptions): Promise<RedisClient> {
    const client = new RedisClient(port, handlers);
    client.#listening = await Listening.open(port, handlers, [keyOf(user), String(since?.["id"] ?? "")]);
    return client;
  }

  private constructor(port: number, handlers: ClientHandlers) {
    this.#port = port;
    this.#handlers = handlers;
  }

  async open(toUser: number): Promise<void> {
    this.#writing ??= await Writing.open(this.#port, this.#handlers);
    this.#head = headOf(keyOf(toUser));
  }

  /** A connection that waits can wait for nothing else: it is replaced by one that waits for the group. */
  async join(isWriter: boolean): Promise<void> {
    await this.#listening.link.close();
    this.#listening = await Listening.open(this.#port, this.#handlers, [GROUP_KEY, ""]);
    if (isWriter) this.#writing ??= await Writing.open(this.#port, this.#handlers);
  }

  send(number: number): void {
    this.#writing!.add(this.#head, number);
  }

  sendToGroup(number: number): void {
    this.#writing!.add(GROUP_HEAD, number);
  }

  ping(): void {
    // Redis closes no connection that is silent.
  }

  cut(): Place {
    this.#listening.link.cut();
    this.#writing?.link.cut();
    return { id: this.#listening.lastId };
  }

  async close(): Promise<void> {
    await Promise.all([this.#listening.link.close(), this.#writing?.link.close()]);
  }
}

/** The connection that waits for entries of one stream. */
class Listening {
  link!: Link;
  lastId: string;
  #newestId = "0";
  readonly #key: string;
  readonly #handlers: ClientHandlers;

  /** Resolves when it goes on from an entry, or, when that is "", from the last one that there is. */
  static async open(
    port: number,
    handlers: ClientHandlers,
    [key, lastId]: readonly [string, string],
  ): Promise<Listening> {
    const listening = new Listening(handlers, key, lastId);
    const reader = new RespReader(listening);
    let answered = (): void => {};
    const first = within("Redis did not answer", (resolve) => {
      answered = () => resolve(undefined);
    });
    listening.#onReply = () => {
      listening.#onReply = () => listening.#readOn();
      if (listening.lastId === "") listening.lastId = listening.#newestId;
      listening.#readOn();
      answered();
    };
    listening.link = await Link.open(port, (bytes) => reader.read(bytes), handlers.onFault);
    listening.link.outbox.latin1(commandOf("XREVRANGE", key, "+", "-", "COUNT", "1"));
    await first;
    return listening;
  }

  private constructor(handlers: ClientHandlers, key: string, lastId: string) {
    this.#handlers = handlers;
    this.#key = key;
    this.lastId = lastId;
  }

  onString(bytes: Buffer, [start, end]: readonly [number, number], depth: number, left: number): void {
    if (depth === DEPTH.fields && left === LEFT_AT_VALUE) {
      const number = numberIn(bytes, start, end);
      this.#handlers.onMessage(number, number, isWholeText(bytes, start, end));
    } else if (depth === DEPTH.entry && left === LEFT_AT_ID)
      this.lastId = bytes.toString("latin1", start, end);
    else if (depth === DEPTH.newest && left === LEFT_AT_ID)
      this.#newestId = bytes.toString("latin1", start, end);
  }

  onError(text: string): void {
    this.#handlers.onFault(text);
  }

  onReply(): void {
    this.#onReply();
  }

  #onReply: () => void = () => {};

  #readOn(): void {
    const { outbox } = this.link;
    outbox.latin1(commandOf("XREAD", "COUNT", COUNT_MAX, "BLOCK", "0", "STREAMS", this.#key, this.lastId));
  }
}

/** The connection that adds entries. Replies come in the order of the commands. */
class Writing {
  link!: Link;
  readonly #handlers: ClientHandlers;
  /** Numbers without a reply; those before `#first` have theirs. */
  #numbers: number[] = [];
  #first = 0;

  static async open(port: number, handlers: ClientHandlers): Promise<Writing> {
    const writing = new Writing(handlers);
    const reader = new RespReader(writing);
    writing.link = await Link.open(port, (bytes) => reader.read(bytes), handlers.onFault);
    return writing;
  }

  private constructor(handlers: ClientHandlers) {
    this.#handlers = handlers;
  }

  add(head: string, number: number): void {
    const { outbox } = this.link;
    this.#numbers.push(number);
    outbox.latin1(head);
    outbox.raw(textOf(number));
    outbox.uint16(0x0d0a);
  }

  onString(): void {
    const number = this.#next();
    this.#handlers.onAck(number, number);
  }

  onError(text: string): void {
    this.#next();
    this.#handlers.onFault(text);
  }

  onReply(): void {
    // Each reply is one string, which was taken.
  }

  #next(): number {
    const number = this.#numbers[this.#first++]!;
    if (this.#first === this.#numbers.length) {
      this.#numbers = [];
      this.#first = 0;
    }
    return number;
  }
}

function keyOf(user: number): string {
  return `u:${user}`;
}

/** An XADD up to the text, whose length is told. */
function headOf(key: string): string {
  return `${commandOf("XADD", key, "*", "t").replace("*4", "*5")}$${TEXT_BYTES}\r\n`;
}

const GROUP_HEAD = headOf(GROUP_KEY);
