/** A client of the limit. */
import { randomBytes } from "node:crypto";
import { Link, within } from "../link.js";
import type { Outbox } from "../outbox.js";
import type { ClientHandlers, ConnectOptions, PeerClient, Place } from "../peer.js";
import { isWholeText, numberIn, textOf } from "../text.js";
import { KIND, SEND_HEADER_BYTES, TO_GROUP, acceptOf, readFrames, writeMaskedHeader } from "./frames.js";

export class LimitClient implements PeerClient {
  readonly #handlers: ClientHandlers;
  readonly #key = randomBytes(16).toString("base64");
  #link!: Link;
  #isUpgraded = false;
  #to = 0;
  /** Told of the next thing that is neither an acknowledgement nor a message. */
  #answered: () => void = () => {};

  static async connect(port: number, { user, handlers }: ConnectOptions): Promise<LimitClient> {
    const client = new LimitClient(handlers);
    client.#link = await Link.open(port, (bytes) => client.#read(bytes), handlers.onFault);
    await client.#ask(() => client.#upgrade());
    await client.#ask((outbox) => {
      writeMaskedHeader(outbox, 5);
      outbox.byte(KIND.login);
      outbox.uint32(user);
    });
    return client;
  }

  private constructor(handlers: ClientHandlers) {
    this.#handlers = handlers;
  }

  open(toUser: number): Promise<void> {
    this.#to = toUser;
    return Promise.resolve();
  }

  join(): Promise<void> {
    return this.#ask((outbox) => {
      writeMaskedHeader(outbox, 1);
      outbox.byte(KIND.join);
    });
  }

  send(number: number): void {
    this.#send(this.#to, number);
  }

  sendToGroup(number: number): void {
    this.#send(TO_GROUP, number);
  }

  ping(): void {
    // It closes no connection that is silent.
  }

  cut(): Place {
    this.#link.cut();
    return {};
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #send(to: number, number: number): void {
    const { outbox } = this.#link;
    const text = textOf(number);
    writeMaskedHeader(outbox, SEND_HEADER_BYTES + text.length);
    outbox.byte(KIND.send);
    outbox.uint32(to);
    outbox.uint32(number);
    outbox.raw(text);
  }

  #upgrade(): void {
    const host =
      "Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    this.#link.outbox.latin1(`GET / HTTP/1.1\r\n${host}Sec-WebSocket-Key: ${this.#key}\r\n\r\n`);
  }

  async #ask(say: (outbox: Outbox) => void): Promise<void> {
    await within("The limit did not answer", (resolve) => {
      this.#answered = () => resolve(undefined);
      say(this.#link.outbox);
    });
  }

  #read(bytes: Buffer): number {
    if (this.#isUpgraded) return readFrames(bytes, this.#take);
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    if (!bytes.toString("latin1", 0, end).includes(acceptOf(this.#key)))
      throw new Error("The limit refused a WebSocket.");
    this.#isUpgraded = true;
    this.#answered();
    return end + 4;
  }

  readonly #take = (bytes: Buffer, start: number, end: number): void => {
    const kind = bytes[start];
    if (kind === KIND.message) {
      const number = numberIn(bytes, start + 1, end);
      this.#handlers.onMessage(number, number, isWholeText(bytes, start + 1, end));
    } else if (kind === KIND.ack) {
      const number = bytes.readUInt32BE(start + 1);
      this.#handlers.onAck(number, number);
    } else this.#answered();
  };
}
