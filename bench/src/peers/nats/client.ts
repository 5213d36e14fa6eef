/**
 * A client of NATS with JetStream: a stream for all direct messages with a subject and a durable consumer for each user, and one for
 * the group. What was received is acknowledged once for all that one read brought.
 */
import { Link, within } from "../link.js";
import type { ClientHandlers, ConnectOptions, PeerClient, Place } from "../peer.js";
import { isWholeText, numberIn, textOf } from "../text.js";
import { type NatsMessage, readNats } from "./codec.js";

const SID = { acks: 1, direct: 2, group: 3, answers: 4 } as const;
const GROUP_SUBJECT = "g";
const CONNECT = `CONNECT {"verbose":false,"pedantic":false,"lang":"load","version":"1","headers":true,"no_responders":true}\r\n`;
const RECEIVED = "+ACK";
/** Begins an answer that is an error. */
const ERROR = '"error"';
const ERROR_WITHIN = 64;
const ZERO = 48;
const NINE = 57;
const LETTER_S = 115;

/** Streams and their subjects. */
const STREAMS = { D: "d.*", G: GROUP_SUBJECT } as const;

export class NatsClient implements PeerClient {
  readonly #handlers: ClientHandlers;
  readonly #user: number;
  #link!: Link;
  #head = "";
  #answered: (answer: string) => void = () => {};
  /** Subjects of what this read brought and was not acknowledged yet. */
  #ofDirect = "";
  #ofGroup = "";

  static async connect(port: number, { user, handlers, since }: ConnectOptions): Promise<NatsClient> {
    const client = new NatsClient(user, handlers);
    const read = (bytes: Buffer): number => client.#read(bytes);
    client.#link = await Link.open(port, read, handlers.onFault);
    client.#say(CONNECT);
    client.#say(
      `SUB _A.${user}.* ${SID.acks}\r\nSUB _R.${user} ${SID.answers}\r\nSUB _D.${user} ${SID.direct}\r\n`,
    );
    if (since === undefined && user >= 0) await client.#consume("D", `d.${user}`);
    else await client.#roundTrip();
    return client;
  }

  /** Makes the streams, once for a server. */
  static async makeStreams(port: number): Promise<void> {
    const handlers: ClientHandlers = {
      onAck: () => undefined,
      onMessage: () => undefined,
      onFault: () => undefined,
    };
    const client = await NatsClient.connect(port, { user: -1, handlers });
    for (const [name, subject] of Object.entries(STREAMS)) {
      const configuration = { name, subjects: [subject], retention: "limits", storage: "file" };
      await client.#request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(configuration));
    }
    await client.close();
  }

  private constructor(user: number, handlers: ClientHandlers) {
    this.#user = user;
    this.#handlers = handlers;
  }

  open(toUser: number): Promise<void> {
    this.#head = `PUB d.${toUser} _A.${this.#user}.`;
    return Promise.resolve();
  }

  async join(): Promise<void> {
    this.#say(`SUB _G.${this.#user} ${SID.group}\r\n`);
    await this.#consume("G", GROUP_SUBJECT);
  }

  send(number: number): void {
    this.#publish(this.#head, number);
  }

  sendToGroup(number: number): void {
    this.#publish(`PUB ${GROUP_SUBJECT} _A.${this.#user}.`, number);
  }

  ping(): void {
    this.#say("PING\r\n");
  }

  cut(): Place {
    this.#link.cut();
    return {};
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #publish(head: string, number: number): void {
    const text = textOf(number);
    this.#say(`${head}${number} ${text.length}\r\n`);
    this.#link.outbox.raw(text);
    this.#say("\r\n");
  }

  /** A durable consumer whose messages are pushed to a subject of this user. */
  async #consume(stream: keyof typeof STREAMS, filter: string): Promise<void> {
    const name = `u${this.#user}`;
    const config = {
      durable_name: name,
      deliver_subject: `_${stream}.${this.#user}`,
      filter_subject: filter,
      deliver_policy: "all",
      ack_policy: "all",
    };
    const subject = `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${name}`;
    await this.#request(subject, JSON.stringify({ stream_name: stream, config }));
  }

  async #request(subject: string, payload: string): Promise<void> {
    const answer = await within<string>("The server did not answer", (resolve) => {
      this.#answered = resolve;
      this.#say(`PUB ${subject} _R.${this.#user} ${payload.length}\r\n${payload}\r\n`);
    });
    if (answer.includes(ERROR)) throw new Error(`The server refused: ${answer}`);
  }

  async #roundTrip(): Promise<void> {
    await within("The server did not answer", (resolve) => {
      this.#answered = () => resolve(undefined);
      this.#say("PING\r\n");
    });
  }

  #say(text: string): void {
    this.#link.outbox.latin1(text);
  }

  #read(bytes: Buffer): number {
    const end = readNats(bytes, this);
    if (this.#ofDirect !== "") this.#received(this.#ofDirect);
    if (this.#ofGroup !== "") this.#received(this.#ofGroup);
    this.#ofDirect = "";
    this.#ofGroup = "";
    return end;
  }

  #received(subject: string): void {
    this.#say(`PUB ${subject} ${RECEIVED.length}\r\n${RECEIVED}\r\n`);
  }

  onMessage(message: NatsMessage): void {
    const { bytes, sid, payloadStart, payloadEnd, replyStart, replyEnd } = message;
    if (sid === SID.acks) this.#acknowledged(message);
    else if (sid === SID.answers) this.#answered(bytes.toString("latin1", payloadStart, payloadEnd));
    else {
      const number = numberIn(bytes, payloadStart, payloadEnd);
      this.#handlers.onMessage(number, number, isWholeText(bytes, payloadStart, payloadEnd));
      // Of the last one in this read; it stands for all before it.
      const reply = bytes.toString("latin1", replyStart, replyEnd);
      if (sid === SID.direct) this.#ofDirect = reply;
      else this.#ofGroup = reply;
    }
  }

  onPing(): void {
    this.#say("PONG\r\n");
  }

  onPong(): void {
    this.#answered("");
  }

  onError(text: string): void {
    this.#handlers.onFault(text);
  }

  /** The number is the last part of the subject. */
  #acknowledged({ bytes, subjectEnd, payloadStart, payloadEnd }: NatsMessage): void {
    let number = 0;
    let scale = 1;
    for (let at = subjectEnd - 1; bytes[at]! >= ZERO && bytes[at]! <= NINE; at--) {
      number += (bytes[at]! - ZERO) * scale;
      scale *= 10;
    }
    // An answer begins with the name of the stream, or is an error.
    if (bytes[payloadStart + 2] === LETTER_S) this.#handlers.onAck(number, number);
    else {
      const end = Math.min(payloadEnd, payloadStart + ERROR_WITHIN);
      this.#handlers.onFault(`refused: ${bytes.toString("latin1", payloadStart, end)}`);
    }
  }
}
