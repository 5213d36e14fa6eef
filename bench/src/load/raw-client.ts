/**
 * One device that speaks the protocol with as little work as possible, so that the machine's time goes to the server.
 * It decodes only what its owner asked for, and writes what is said in one turn as one packet.
 */
import {
  type ConversationId,
  FRAMES,
  type Frame,
  type FrameName,
  type FramePayload,
  type Init,
  PACKET_BYTES_MAX,
  PROTOCOL_VERSION,
  Reader,
  Writer,
  readPacket,
  writeFrame,
} from "@parley/protocol";
import { connectOver, type RawConnection, type TransportName } from "./raw-transport.js";
import { type PushTaker, scanPush, scanSent } from "./scan.js";
import { withinMs } from "./within.js";

/** When a device confirms, as docs/protocol/sync.md says. */
const CONFIRM_EVENTS = 64;
const CONFIRM_BYTES = 16 * 1024;
const CONFIRM_MS = 200;
const PACKET_BYTES_TARGET = PACKET_BYTES_MAX / 4;
const OPEN_MS_MAX = 30_000;
const REQUEST_MS_MAX = 30_000;
/** Ids of requests; sends of a load use the numbers below. */
const REQUEST_ID_START = 2 ** 40;
/** What is waited for without a request. */
const WELCOME = 0;
const PONG = -1;

export interface RawClientClosed {
  readonly code: number;
  readonly reason: string;
}

export interface RawClientOptions {
  /** Ends in `/v1/ws`. */
  readonly url: string;
  readonly token: string;
  /** A WebSocket by default. */
  readonly transport?: TransportName;
  readonly epoch?: number;
  readonly pts?: number;
  /** An answer to a send that was written with `write`. */
  readonly onSent?: (requestId: number, sequence: number) => void;
  readonly onPush?: PushTaker;
  readonly onRebase?: () => void;
  /** Any other frame that answers no request of `request`. */
  readonly onFrame?: (frame: Frame) => void;
  /** Told of every packet that is sent, and of every one that arrives, before it is read. */
  readonly onPacket?: (direction: "to-server" | "to-device", packet: Uint8Array) => void;
  /** After all frames of a packet have been taken. */
  readonly onPacketEnd?: () => void;
}

interface FollowedTopic {
  readonly conversationId: ConversationId;
  pts: number;
  confirmedPts: number;
}

type Waiting = { readonly resolve: (frame: Frame) => void; readonly reject: (error: Error) => void };

export class RawClient {
  /** Resolves when the connection has ended. */
  readonly closed: Promise<RawClientClosed>;
  readonly #socket: RawConnection;
  /** Told once the socket is open, or that it never will be. */
  #onOpen: () => void = () => {};
  #onUnopened: (code: number) => void = () => {};
  readonly #options: RawClientOptions;
  readonly #packet = new Writer(1024);
  readonly #waiting = new Map<number, Waiting>();
  #closedCode: number | undefined;
  #isFlushPlanned = false;
  #isReading = false;
  #nextRequestId = REQUEST_ID_START;
  #epoch = 0;
  #pts = 0;
  #confirmedPts = 0;
  #unconfirmedBytes = 0;
  #receivedMs = 0;
  #confirmTimer: NodeJS.Timeout | undefined;
  #sessionId = "";
  #topic: FollowedTopic | undefined;

  private constructor(options: RawClientOptions) {
    this.#options = options;
    let end: (closed: RawClientClosed) => void = () => {};
    this.closed = new Promise((resolve) => {
      end = resolve;
    });
    this.#socket = connectOver(options.transport ?? "websocket", options.url, {
      onOpen: () => this.#onOpen(),
      onPacket: (packet) => this.#take(packet),
      onClose: (code, reason) => {
        this.#closedCode = code;
        this.#onUnopened(code);
        for (const { reject } of this.#waiting.values())
          reject(new Error(`The connection closed with ${code}.`));
        this.#waiting.clear();
        end({ code, reason });
      },
    });
  }

  /** Opens a socket without saying anything. Errors: an Error with the close code. */
  static async open(options: RawClientOptions): Promise<RawClient> {
    const client = new RawClient(options);
    await withinMs(OPEN_MS_MAX, "The socket did not open in time.", (resolve, reject) => {
      client.#onOpen = () => resolve(undefined);
      client.#onUnopened = (code) => reject(new Error(`The connection closed with ${code}.`));
    });
    return client;
  }

  /** Opens and greets. Errors: an Error with the close code when the server does not welcome it. */
  static async connect(options: RawClientOptions): Promise<RawClient> {
    const client = await RawClient.open(options);
    await withinMs(OPEN_MS_MAX, "The server did not welcome in time.", (resolve, reject) => {
      client.#waiting.set(WELCOME, { resolve, reject });
      client.hello();
    });
    return client;
  }

  /** How far it is in its user's queue. */
  get position(): { readonly epoch: number; readonly pts: number } {
    return { epoch: this.#epoch, pts: this.#pts };
  }

  /** Resolves when it has what the queue held when it came. */
  caughtUp(): Promise<unknown> {
    return withinMs(OPEN_MS_MAX, "The server did not catch up in time.", (resolve, reject) => {
      this.#waiting.set(PONG, { resolve, reject });
      this.write("ping", {});
    });
  }

  /** Drops the connection, as when the network is gone. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Of the session that the server has welcomed; empty before. */
  get sessionId(): string {
    return this.#sessionId;
  }

  hello(): void {
    const { token, epoch = 0, pts = 0 } = this.#options;
    this.#epoch = epoch;
    this.#pts = pts;
    this.#confirmedPts = pts;
    this.write("hello", { protocolVersion: PROTOCOL_VERSION, token, epoch, pts, client: "parley-bench" });
  }

  /** Adds a frame to the packet of this turn. */
  write<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): void {
    writeFrame(this.#packet, name, payload);
    if (this.#packet.length >= PACKET_BYTES_TARGET) this.flush();
    else if (!this.#isFlushPlanned && !this.#isReading) {
      this.#isFlushPlanned = true;
      setImmediate(() => this.flush());
    }
  }

  flush(): void {
    this.#isFlushPlanned = false;
    if (this.#packet.length === 0) return;
    const bytes = this.#packet.take();
    this.#packet.reset();
    this.sendBytes(bytes);
  }

  /** Sends bytes as they are, as one packet. */
  sendBytes(bytes: Uint8Array): void {
    if (this.#closedCode !== undefined) return;
    this.#options.onPacket?.("to-server", bytes);
    this.#socket.send(bytes);
  }

  /** Sends a request and resolves with its answer, also when that is "refused". Errors: an Error with the close code. */
  async request<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): Promise<Frame> {
    if (this.#closedCode !== undefined) throw new Error(`The connection closed with ${this.#closedCode}.`);
    const requestId = this.#nextRequestId++;
    return withinMs(REQUEST_MS_MAX, `The server did not answer ${name}.`, (resolve, reject) => {
      this.#waiting.set(requestId, { resolve, reject });
      this.write(name, { ...payload, requestId });
    });
  }

  async close(): Promise<RawClientClosed> {
    this.flush();
    this.#socket.close();
    return this.closed;
  }

  /** Follows the topic of a large group from `pts` on: one on a connection. Resolves when what was missed is on its way. */
  async follow(conversationId: ConversationId, pts: number): Promise<void> {
    this.#topic = { conversationId, pts, confirmedPts: pts };
    const answer = await this.request("follow", { epoch: this.#epoch, topics: [{ conversationId, pts }] });
    if (answer.name !== "done") throw new Error(`The topic is not followed: ${JSON.stringify(answer)}`);
  }

  #take(packet: Uint8Array): void {
    this.#options.onPacket?.("to-device", packet);
    this.#isReading = true;
    const reader = new Reader(packet);
    while (!reader.isAtEnd) {
      const kind = reader.varint();
      this.#frame(kind, reader.view(reader.varint()), packet);
    }
    this.#options.onPacketEnd?.();
    this.#isReading = false;
    this.#confirmSoon(packet.length);
    this.flush();
  }

  #confirmSoon(bytes: number): void {
    const events = this.#unconfirmedEvents;
    if (events === 0) return;
    this.#receivedMs = performance.now();
    this.#unconfirmedBytes += bytes;
    if (events >= CONFIRM_EVENTS || this.#unconfirmedBytes >= CONFIRM_BYTES) this.#confirmAll();
    else this.#confirmTimer ??= setTimeout(() => this.#confirmAll(), CONFIRM_MS).unref();
  }

  get #unconfirmedEvents(): number {
    const ofTopic = this.#topic === undefined ? 0 : this.#topic.pts - this.#topic.confirmedPts;
    return this.#pts - this.#confirmedPts + ofTopic;
  }

  #confirmAll(): void {
    clearTimeout(this.#confirmTimer);
    this.#confirmTimer = undefined;
    this.#unconfirmedBytes = 0;
    const heldMs = Math.floor(performance.now() - this.#receivedMs);
    if (this.#pts > this.#confirmedPts) this.#confirm(heldMs);
    if (this.#topic !== undefined && this.#topic.pts > this.#topic.confirmedPts)
      this.#confirmTopic(this.#topic, heldMs);
  }

  #frame(kind: number, payload: Uint8Array, packet: Uint8Array): void {
    const { onSent, onPush, onFrame } = this.#options;
    if (kind === FRAMES.push.kind) {
      const position = scanPush(payload, onPush);
      if (position.isTopic && this.#topic !== undefined) this.#topic.pts = position.lastPts;
      else {
        this.#epoch = position.epoch;
        this.#pts = position.lastPts;
      }
      return;
    }
    if (kind === FRAMES.sent.kind && onSent !== undefined) {
      const { requestId, sequence } = scanSent(payload);
      if (requestId < REQUEST_ID_START) {
        onSent(requestId, sequence);
        return;
      }
    }
    const frame = decodeFrame(kind, payload, packet);
    if (frame.name === "rebase") {
      this.#epoch = frame.payload.epoch;
      this.#pts = frame.payload.pts;
      this.#options.onRebase?.();
      this.#confirm(0);
    }
    if (frame.name === "welcome") this.#sessionId = frame.payload.sessionId;
    const requestId = frame.name === "welcome" ? WELCOME : frame.name === "pong" ? PONG : requestIdOf(frame);
    const waiting = requestId === undefined ? undefined : this.#waiting.get(requestId);
    if (requestId === undefined || waiting === undefined) {
      onFrame?.(frame);
      return;
    }
    this.#waiting.delete(requestId);
    waiting.resolve(frame);
  }

  #confirmTopic(topic: FollowedTopic, heldMs: number): void {
    topic.confirmedPts = topic.pts;
    const { conversationId, pts } = topic;
    this.write("confirm", { epoch: this.#epoch, pts, conversationId, heldMs });
  }

  #confirm(heldMs: number): void {
    this.#confirmedPts = this.#pts;
    this.write("confirm", { epoch: this.#epoch, pts: this.#pts, heldMs });
  }
}

function requestIdOf({ payload }: Frame): number | undefined {
  return "requestId" in payload ? payload.requestId : undefined;
}

function decodeFrame(kind: number, payload: Uint8Array, packet: Uint8Array): Frame {
  const lone = new Writer(payload.length + 16);
  lone.varint(kind);
  lone.varint(payload.length);
  lone.raw(payload);
  let found: Frame | undefined;
  readPacket(lone.take(), (frame) => {
    found = frame;
  });
  if (found === undefined) throw new Error(`A packet of ${packet.length} bytes has an empty frame.`);
  return found;
}
