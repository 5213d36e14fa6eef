/**
 * One device that speaks the protocol with as little work as possible, so that the machine's time goes to the server.
 * It decodes only what its owner asked for, and writes what is said in one turn as one packet.
 */
import {
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
import { WebSocket } from "ws";
import { type PushTaker, scanPush, scanSent } from "./scan.js";

/** A confirmation for this many events: far below what the server waits for. */
const CONFIRM_EVENTS = 128;
const PACKET_BYTES_TARGET = PACKET_BYTES_MAX / 4;
const OPEN_MS_MAX = 30_000;
const REQUEST_MS_MAX = 30_000;
/** Ids of requests; sends of a load use the numbers below. */
const REQUEST_ID_START = 2 ** 40;

export interface RawClientClosed {
  readonly code: number;
  readonly reason: string;
}

export interface RawClientOptions {
  /** Ends in `/v1/ws`. */
  readonly url: string;
  readonly token: string;
  readonly epoch?: number;
  readonly pts?: number;
  /** An answer to a send that was written with `write`. */
  readonly onSent?: (requestId: number, sequence: number) => void;
  readonly onPush?: PushTaker;
  /** Any other frame that answers no request of `request`. */
  readonly onFrame?: (frame: Frame) => void;
  /** Told of every packet that is sent, and of every one that arrives, before it is read. */
  readonly onPacket?: (direction: "to-server" | "to-device", packet: Uint8Array) => void;
  /** After all frames of a packet have been taken. */
  readonly onPacketEnd?: () => void;
}

type Waiting = { readonly resolve: (frame: Frame) => void; readonly reject: (error: Error) => void };

export class RawClient {
  /** Resolves when the connection has ended. */
  readonly closed: Promise<RawClientClosed>;
  readonly #socket: WebSocket;
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
  #sessionId = "";

  private constructor(options: RawClientOptions) {
    this.#options = options;
    this.#socket = new WebSocket(options.url, { perMessageDeflate: false, skipUTF8Validation: true });
    this.#socket.binaryType = "nodebuffer";
    this.closed = new Promise((resolve) => {
      this.#socket.on("close", (code, reason) => {
        this.#closedCode = code;
        for (const { reject } of this.#waiting.values())
          reject(new Error(`The connection closed with ${code}.`));
        this.#waiting.clear();
        resolve({ code, reason: reason.toString() });
      });
    });
    // "close" follows and tells the code.
    this.#socket.on("error", () => undefined);
    this.#socket.on("message", (data) => this.#take(data as Buffer));
  }

  /** Opens a socket without saying anything. Errors: an Error with the close code. */
  static async open(options: RawClientOptions): Promise<RawClient> {
    const client = new RawClient(options);
    await withinMs(OPEN_MS_MAX, "The socket did not open in time.", (resolve, reject) => {
      client.#socket.on("open", () => resolve(undefined));
      client.#socket.on("close", (code) => reject(new Error(`The connection closed with ${code}.`)));
    });
    return client;
  }

  /** Opens and greets. Errors: an Error with the close code when the server does not welcome it. */
  static async connect(options: RawClientOptions): Promise<RawClient> {
    const client = await RawClient.open(options);
    await withinMs(OPEN_MS_MAX, "The server did not welcome in time.", (resolve, reject) => {
      client.#waiting.set(0, { resolve, reject });
      client.hello();
    });
    return client;
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
    if (this.#socket.readyState !== WebSocket.OPEN) return;
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
    const timer = setTimeout(() => this.#socket.terminate(), 2_000);
    const closed = await this.closed;
    clearTimeout(timer);
    return closed;
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
    if (this.#pts - this.#confirmedPts >= CONFIRM_EVENTS) this.#confirm();
    this.flush();
  }

  #frame(kind: number, payload: Uint8Array, packet: Uint8Array): void {
    const { onSent, onPush, onFrame } = this.#options;
    if (kind === FRAMES.push.kind) {
      const position = scanPush(payload, onPush);
      this.#epoch = position.epoch;
      this.#pts = position.lastPts;
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
      this.#confirm();
    }
    if (frame.name === "welcome") this.#sessionId = frame.payload.sessionId;
    const requestId = frame.name === "welcome" ? 0 : requestIdOf(frame);
    const waiting = requestId === undefined ? undefined : this.#waiting.get(requestId);
    if (requestId === undefined || waiting === undefined) {
      onFrame?.(frame);
      return;
    }
    this.#waiting.delete(requestId);
    waiting.resolve(frame);
  }

  #confirm(): void {
    this.#confirmedPts = this.#pts;
    this.write("confirm", { epoch: this.#epoch, pts: this.#pts });
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

async function withinMs<T>(
  limitMs: number,
  complaint: string,
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(complaint)), limitMs);
      begin(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
