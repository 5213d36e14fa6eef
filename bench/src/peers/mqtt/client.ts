/** A client of an MQTT broker: a topic for each user and one for the group, at quality 1, in sessions that outlive connections. */
import { Link, within } from "../link.js";
import type { Outbox } from "../outbox.js";
import type { ClientHandlers, ConnectOptions, PeerClient, Place } from "../peer.js";
import { isWholeText, numberIn, textOf } from "../text.js";
import {
  PACKET,
  readPackets,
  writeConnect,
  writeDisconnect,
  writePing,
  writePuback,
  writePublish,
  writeSubscribe,
} from "./codec.js";

const GROUP_TOPIC = "g";
/** Ids of packets run from 1 to this and begin again. */
const PACKET_IDS = 65_535;
const ACCEPTED = 0;
const QUALITY_MASK = 0x06;
const REFUSED = 0x80;

export class MqttClient implements PeerClient {
  readonly #handlers: ClientHandlers;
  #link!: Link;
  #topic = "";
  /** The number that was sent last: from it and a packet's id follows which number that was. */
  #lastNumber = 0;
  #answered: () => void = () => {};

  static async connect(port: number, { user, handlers, since }: ConnectOptions): Promise<MqttClient> {
    const client = new MqttClient(handlers);
    client.#link = await Link.open(port, (bytes) => readPackets(bytes, client.#take), handlers.onFault);
    await client.#ask((outbox) => writeConnect(outbox, `c${user}`));
    if (since === undefined) await client.#ask((outbox) => writeSubscribe(outbox, 1, topicOf(user)));
    return client;
  }

  private constructor(handlers: ClientHandlers) {
    this.#handlers = handlers;
  }

  open(toUser: number): Promise<void> {
    this.#topic = topicOf(toUser);
    return Promise.resolve();
  }

  join(): Promise<void> {
    return this.#ask((outbox) => writeSubscribe(outbox, 1, GROUP_TOPIC));
  }

  send(number: number): void {
    this.#publish(this.#topic, number);
  }

  sendToGroup(number: number): void {
    this.#publish(GROUP_TOPIC, number);
  }

  ping(): void {
    writePing(this.#link.outbox);
  }

  cut(): Place {
    this.#link.cut();
    return {};
  }

  async close(): Promise<void> {
    writeDisconnect(this.#link.outbox);
    await this.#link.close();
  }

  #publish(topic: string, number: number): void {
    this.#lastNumber = number;
    writePublish(this.#link.outbox, packetIdOf(number), topic, textOf(number));
  }

  async #ask(say: (outbox: Outbox) => void): Promise<void> {
    await within("The broker did not answer", (resolve) => {
      this.#answered = () => resolve(undefined);
      say(this.#link.outbox);
    });
  }

  readonly #take = (first: number, bytes: Buffer, start: number, end: number): void => {
    const kind = first >> 4;
    if (kind === PACKET.publish) this.#published(first, bytes, start, end);
    else if (kind === PACKET.puback) {
      const number = numberOf(bytes.readUInt16BE(start), this.#lastNumber);
      this.#handlers.onAck(number, number);
    } else if (kind === PACKET.connack) {
      if (bytes[start + 1] !== ACCEPTED) throw new Error(`The broker refused with ${bytes[start + 1]}.`);
      this.#answered();
    } else if (kind === PACKET.suback) {
      if (bytes[start + 2]! >= REFUSED) throw new Error("The broker refused a subscription.");
      this.#answered();
    }
  };

  #published(first: number, bytes: Buffer, start: number, end: number): void {
    let at = start + 2 + bytes.readUInt16BE(start);
    if ((first & QUALITY_MASK) !== 0) {
      writePuback(this.#link.outbox, bytes.readUInt16BE(at));
      at += 2;
    }
    const number = numberIn(bytes, at, end);
    this.#handlers.onMessage(number, number, isWholeText(bytes, at, end));
  }
}

/** From 1 to 65,535, and again. */
export function packetIdOf(number: number): number {
  return ((number - 1) % PACKET_IDS) + 1;
}

/** The newest number up to `last` that has this id. */
export function numberOf(packetId: number, last: number): number {
  return last - ((packetIdOf(last) - packetId + PACKET_IDS) % PACKET_IDS);
}

function topicOf(user: number): string {
  return `u/${user}`;
}
