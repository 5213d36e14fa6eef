/**
 * One session: at most one connection, its greeting, its heartbeats, and coming back after a loss. It knows nothing of
 * what travels: frames go to the hooks. SPEC.md lists its invariants.
 */
import { type Ambient, assert, failureCode, messageOf, type Timer } from "@parley/base";
import {
  afterDisconnect,
  CLOSE_REPLACED,
  type Frame,
  type FrameName,
  type FramePayload,
  type Init,
  PACKINGS,
  PROTOCOL_VERSION,
  readPacket,
  writeFrame,
  Writer,
} from "@parley/protocol";
import { backoffMs } from "./backoff.js";
import {
  BACKOFF_RESET_MS,
  BUSY_MS_MAX,
  GREETING_MS_MAX,
  MOVE_CHECK_MS,
  PACKET_BYTES_TARGET,
  PACKET_FRAMES_TARGET,
  REPLACED_MS,
  REPLACED_MS_MAX,
} from "./limits.js";
import { isUp, nextState, type SessionEvent, type SessionState } from "./session-state.js";
import type { Position } from "./store.js";
import type { Connection, Transport } from "./transport.js";
import { type Inflate, unpackingTransport } from "./unpacking-transport.js";

/** The client's own reason for closing: a normal close, after which the server keeps nothing of the connection. */
const CLOSE_NORMAL = 1000;

export interface SessionHooks {
  /** Where the device stands, for Hello. */
  position(): Position;
  onWelcome(welcome: FramePayload<"welcome">): void;
  /** A frame other than welcome, ping and pong. */
  onFrame(frame: Frame): void;
  /** A connection that had been welcomed is gone. */
  onDown(): void;
  onState(state: SessionState, code: string | undefined): void;
  /** Nothing is under way that the end of a connection would disturb. */
  isQuiet(): boolean;
}

export interface SessionOptions {
  readonly url: string;
  readonly token: string;
  readonly clientName: string;
  readonly deviceKind: string;
  readonly transport: Transport;
  /** Without it packets are to come as they are. */
  readonly inflate: Inflate | undefined;
  readonly ambient: Ambient;
  readonly hooks: SessionHooks;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #ambient: Ambient;
  readonly #transport: Transport;
  #state: SessionState = "idle";
  /** What was told of the state: while the session goes over to a better connection, what it was before. */
  #shown: SessionState = "idle";
  #isMoving = false;
  #connection: Connection | undefined;
  /** Callbacks of an earlier connection carry an earlier number and are ignored. */
  #generation = 0;
  #attempt = 0;
  #timers: Timer[] = [];
  #retryTimer: Timer | undefined;
  readonly #packet = new Writer(4096);
  #packetFrames = 0;
  #isFlushPlanned = false;
  #heardMs = 0;
  #wroteMs = 0;
  /** When the first Ping went out since something was heard; undefined when none did. */
  #askedMs: number | undefined;
  #retryAtMs: number | undefined;
  /** The server has said when to come again. */
  #busyMs: number | undefined;
  #onPong: (() => void) | undefined;
  /** Since it was started. */
  #replacedCount = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#ambient = options.ambient;
    const { transport, inflate } = options;
    this.#transport = inflate === undefined ? transport : unpackingTransport(transport, inflate);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The state as `onState` told it. */
  get shownState(): SessionState {
    return this.#shown;
  }

  get isUp(): boolean {
    return isUp(this.#state);
  }

  /** When the next try comes, in wall-clock time; defined while waiting. */
  get retryAtMs(): number | undefined {
    return this.#state === "waiting" ? this.#retryAtMs : undefined;
  }

  get bufferedBytes(): number {
    return (this.#connection?.bufferedBytes ?? 0) + this.#packet.length;
  }

  /** Begins to connect, unless it does already. */
  start(): void {
    if (nextState(this.#state, "start") === this.#state) return;
    this.#attempt = 0;
    this.#replacedCount = 0;
    this.#retryTimer?.cancel();
    this.#connect("start");
  }

  /** Ends the wait for the next try; does nothing in another state. */
  connectNow(): void {
    if (this.#state !== "waiting") return;
    this.#retryTimer?.cancel();
    this.#connect("retry");
  }

  /** Ends the connection and does not come back. Idempotent. */
  stop(): void {
    this.#isMoving = false;
    this.#flush();
    this.#leave("stop", undefined, CLOSE_NORMAL);
  }

  /** Ends a connection that cannot go on and comes back with the position that the store holds. */
  fail(code: string): void {
    if (this.#connection === undefined) return;
    this.#ambient.logger.warn("session failed", { code });
    this.#isMoving = false;
    this.#leave("lost", code, CLOSE_NORMAL);
  }

  /** Shows what the session of another tab is doing; this one has no connection. Tells nobody. */
  mirror(state: SessionState): void {
    assert(this.#connection === undefined, "A second connection.");
    this.#retryTimer?.cancel();
    this.#isMoving = false;
    this.#state = state;
    this.#shown = state;
  }

  /** Adds a frame to the packet of this turn. Without a connection it is dropped: it belonged to the lost one. */
  write<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): void {
    if (this.#connection === undefined) return;
    if (this.#packetFrames >= PACKET_FRAMES_TARGET || this.#packet.length >= PACKET_BYTES_TARGET)
      this.#flush();
    writeFrame(this.#packet, name, payload);
    this.#packetFrames += 1;
    this.#wroteMs = this.#ambient.clock.monotonicMs();
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#ambient.scheduler.soon(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  /** Sends a Ping and calls `then` with the next Pong of this connection. */
  ping(then: () => void): void {
    this.#onPong = then;
    this.write("ping", {});
  }

  /** All that the server had was applied. */
  reportCaughtUp(): void {
    this.#move("caught-up", undefined);
  }

  /** The list has to be fetched again. */
  reportFellBehind(): void {
    this.#move("fell-behind", undefined);
  }

  #connect(event: SessionEvent): void {
    this.#generation += 1;
    const generation = this.#generation;
    const ifCurrent = (then: () => void): void => {
      if (generation === this.#generation) then();
    };
    this.#move(event, undefined);
    // The state listener may have stopped the session.
    if (generation !== this.#generation || this.#state !== "connecting") return;
    this.#after(GREETING_MS_MAX, () => ifCurrent(() => this.fail("greeting-timeout")));
    this.#connection = this.#transport.connect(this.#options.url, {
      onOpen: () => ifCurrent(() => this.#greet()),
      onPacket: (packet) => ifCurrent(() => this.#take(packet, generation)),
      onClose: (code) => ifCurrent(() => this.#closed(code)),
      onBetter: () => ifCurrent(() => this.#moveWhenQuiet()),
    });
  }

  #greet(): void {
    this.#move("opened", undefined);
    const { epoch, pts } = this.#options.hooks.position();
    const { token, clientName: client, deviceKind, inflate } = this.#options;
    const packings = inflate === undefined ? [] : PACKINGS;
    this.write("hello", {
      protocolVersion: PROTOCOL_VERSION,
      token,
      epoch,
      pts,
      client,
      deviceKind,
      packings,
    });
  }

  #take(packet: Uint8Array, generation: number): void {
    this.#heardMs = this.#ambient.clock.monotonicMs();
    this.#askedMs = undefined;
    try {
      readPacket(packet, (frame) => {
        // A frame of this packet may have ended the connection.
        if (generation === this.#generation) this.#dispatch(frame);
      });
    } catch (error) {
      // Only what the codec refuses; a bug of ours ends the process.
      const code = failureCode(error);
      if (code === undefined) throw error;
      this.fail(code);
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.name === "welcome") {
      if (this.#state !== "greeting") return;
      this.#welcomed(frame.payload);
    } else if (frame.name === "busy") {
      this.#busyMs = Math.min(frame.payload.retryAfterMs, BUSY_MS_MAX);
    } else if (frame.name === "pong") {
      const then = this.#onPong;
      this.#onPong = undefined;
      then?.();
    } else if (frame.name === "ping") {
      this.write("pong", {});
    } else if (isUp(this.#state)) {
      this.#options.hooks.onFrame(frame);
    }
  }

  #welcomed(welcome: FramePayload<"welcome">): void {
    this.#cancelTimers();
    const generation = this.#generation;
    this.#after(BACKOFF_RESET_MS, () => {
      this.#attempt = 0;
    });
    if (welcome.heartbeatMs > 0) this.#watch(welcome.heartbeatMs);
    this.#move("welcomed", undefined);
    if (generation === this.#generation) this.#options.hooks.onWelcome(welcome);
  }

  /**
   * Looks four times per heartbeat, so that silence is noticed at most a quarter late. Only a Ping that had its time
   * tells silence from a late look: browsers run the timers of a tab that is not seen once a minute.
   */
  #watch(heartbeatMs: number): void {
    const timer = this.#ambient.scheduler.every(Math.max(1, Math.floor(heartbeatMs / 4)), () => {
      const nowMs = this.#ambient.clock.monotonicMs();
      const silentMs = nowMs - this.#heardMs;
      const askedForMs = this.#askedMs === undefined ? 0 : nowMs - this.#askedMs;
      if (silentMs >= heartbeatMs * 2 && askedForMs >= heartbeatMs) this.fail("silent");
      // Also when only nothing was heard: the answer tells a quiet server from a dead one.
      else if (nowMs - this.#wroteMs >= heartbeatMs || silentMs >= heartbeatMs) {
        this.write("ping", {});
        this.#askedMs ??= nowMs;
      }
    });
    this.#timers.push(timer);
  }

  /** Goes over to a better connection, so that nobody sees it: neither a request that fails nor a state that changes. */
  #moveWhenQuiet(): void {
    if (!this.#options.hooks.isQuiet()) {
      this.#after(MOVE_CHECK_MS, () => this.#moveWhenQuiet());
      return;
    }
    this.#isMoving = true;
    this.#leave("lost", undefined, CLOSE_NORMAL);
    this.connectNow();
  }

  #closed(code: number): void {
    this.#isMoving = false;
    const after = afterDisconnect(code);
    const event = after === "return" ? "lost" : after === "sign-in" ? "signed-out" : "sent-away";
    this.#leave(event, String(code), undefined);
    if (code === CLOSE_REPLACED && this.#state === "stopped") this.#planReturn();
  }

  /**
   * What took this one's place may be an earlier connection of this same device, which died before it arrived. Longer each time, so
   * that two that are really there do not throw each other out for ever.
   */
  #planReturn(): void {
    const delayMs = Math.min(REPLACED_MS_MAX, REPLACED_MS * 2 ** this.#replacedCount);
    this.#replacedCount += 1;
    this.#retryTimer = this.#ambient.scheduler.after(delayMs, () => this.#connect("start"));
  }

  /** Ends the current connection, if there is one, and moves on. */
  #leave(event: SessionEvent, code: string | undefined, closeCode: number | undefined): void {
    const wasUp = this.isUp;
    const connection = this.#connection;
    this.#generation += 1;
    this.#connection = undefined;
    this.#onPong = undefined;
    this.#packet.reset();
    this.#packetFrames = 0;
    this.#cancelTimers();
    this.#retryTimer?.cancel();
    this.#askedMs = undefined;
    if (closeCode !== undefined) connection?.close(closeCode);
    // Before the move, so that whoever is told of it can ask when the next try comes.
    if (nextState(this.#state, event) === "waiting") this.#planRetry();
    this.#move(event, code);
    if (wasUp) this.#options.hooks.onDown();
  }

  #planRetry(): void {
    const delayMs = this.#retryDelayMs();
    this.#retryAtMs = this.#ambient.clock.nowMs() + delayMs;
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#ambient.scheduler.after(delayMs, () => {
      this.connectNow();
    });
  }

  /** The server's word counts, and is no failure; a little later, so that not two come at once. */
  #retryDelayMs(): number {
    const busyMs = this.#busyMs;
    this.#busyMs = undefined;
    if (busyMs !== undefined) return busyMs + backoffMs(0, this.#ambient.random);
    this.#attempt += 1;
    return backoffMs(this.#attempt - 1, this.#ambient.random);
  }

  #move(event: SessionEvent, code: string | undefined): void {
    const next = nextState(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    if (this.#isMoving) {
      const isThere = next === "live" || (next === "catching-up" && this.#shown !== "live");
      if (!isThere) return;
      this.#isMoving = false;
      if (next === this.#shown) return;
    }
    this.#shown = next;
    this.#options.hooks.onState(next, code);
  }

  #flush(): void {
    if (this.#packetFrames === 0) return;
    const bytes = this.#packet.take();
    this.#packet.reset();
    this.#packetFrames = 0;
    try {
      this.#connection?.send(bytes);
    } catch (error) {
      // A socket may refuse between its end and the event that tells of it.
      this.#ambient.logger.warn("send failed", { reason: messageOf(error) });
      this.fail("send-failed");
    }
  }

  #after(delayMs: number, task: () => void): void {
    this.#timers.push(this.#ambient.scheduler.after(delayMs, task));
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }
}
