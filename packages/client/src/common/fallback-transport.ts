/**
 * WebSockets first, and HTTP where they are blocked.
 *
 *                  FALLBACK_FAILURES in a row carry nothing, or FALLBACK_SHORT_LIVES in a row end early
 *   web socket ───────────────────────────────────────────────────────────────────────────────▶ trial
 *    ▲     ▲                          the stream does not open, or a WebSocket does beside it     │
 *    │     └──────────────────────────────────────────────────────────────────────────────────────┤
 *    │                                                  a packet came over the stream             ▼
 *    └──────── a WebSocket opened beside the stream, or a stream carried nothing ────────────── stream
 *
 *   F1  A stream is used only where HTTP carries packets and a WebSocket, tried at the same moment, does not: a server that
 *       stands still sends nobody to HTTP.
 *   F2  A working connection is left only for one that was seen to work.
 *   F3  What a server said with a close code of its own is nobody's failure: the way to it is open.
 *   F4  Tries of a WebSocket beside a stream are ever rarer, until one lives long.
 */
import type { Ambient, Timer } from "@parley/base";
import { encodeFrame } from "@parley/protocol";
import {
  FALLBACK_FAILURES,
  FALLBACK_FAILURES_MS_MAX,
  FALLBACK_HINT_MS,
  FALLBACK_PROBE_EVERY_MS,
  FALLBACK_PROBE_EVERY_MS_MAX,
  FALLBACK_PROBE_MS_MAX,
  FALLBACK_SHORT_LIFE_MS,
  FALLBACK_SHORT_LIVES,
  FALLBACK_SILENT_MS_MAX,
} from "./limits.js";
import type { Connection, ConnectionHandlers, Transport } from "./transport.js";
import { CLOSE_OF_SERVER_MIN, OFFLINE, WatchedConnection } from "./watched-connection.js";

/** Where it outlives the page that a stream was needed, if anywhere. */
export interface StreamHint {
  /** Until when streams are taken at once, in wall-clock milliseconds; 0 when there is none. */
  read(): number;
  write(untilMs: number): void;
}

/** The two ways to the server, and what choosing between them needs. */
export interface FallbackOptions {
  readonly webSocket: Transport;
  readonly stream: Transport;
  readonly ambient: Pick<Ambient, "clock" | "random" | "scheduler" | "logger">;
  readonly hint?: StreamHint;
}

/** A transport that chooses by itself. It belongs to one client: what it learns is about its network. */
export function fallbackTransport(options: FallbackOptions): Transport {
  return new Fallback(options);
}

class Fallback implements Transport {
  readonly #options: FallbackOptions;
  #failures = 0;
  #firstFailureMs = 0;
  #shortLives = 0;
  /** A WebSocket was seen to work and is used for that; none has brought a packet since. */
  #hasMoved = false;
  /** A WebSocket worked when it was tried, and not when it was used. */
  #isMisled = false;
  #probeEveryMs = FALLBACK_PROBE_EVERY_MS;
  /** Wall-clock time. */
  #streamUntilMs: number;

  constructor(options: FallbackOptions) {
    this.#options = options;
    this.#streamUntilMs = options.hint?.read() ?? 0;
  }

  connect(url: string, handlers: ConnectionHandlers): Connection {
    if (this.#isRemembered()) return this.#connectStream(url, handlers, false);
    if (this.#shortLives >= FALLBACK_SHORT_LIVES) return this.#connectStream(url, handlers, false);
    if (this.#failures >= FALLBACK_FAILURES) return this.#connectStream(url, handlers, !this.#isMisled);
    return this.#connectWebSocket(url, handlers);
  }

  #connectWebSocket(url: string, handlers: ConnectionHandlers): Connection {
    const { webSocket, ambient } = this.#options;
    return new WatchedConnection({ transport: webSocket, url, handlers }, ambient, {
      onFailure: () => this.#noteFailure(),
      onReached: () => {
        this.#failures = 0;
        this.#hasMoved = false;
      },
      onLife: (lifeMs) => this.#noteLife(lifeMs),
    });
  }

  #connectStream(url: string, handlers: ConnectionHandlers, isTrial: boolean): Connection {
    let probe: Timer | undefined;
    let hasPacket = false;
    let isOver = false;
    const { clock } = this.#options.ambient;
    const beganMs = clock.monotonicMs();
    const moveOver = (): void => {
      this.#forget();
      this.#hasMoved = true;
      handlers.onBetter?.();
    };
    const connection = this.#options.stream.connect(url, {
      onOpen: () => {
        if (!isTrial || handlers.onBetter === undefined) handlers.onOpen();
        else
          probe = this.#probe(url, (isUsable) => {
            if (isUsable) moveOver();
            else handlers.onOpen();
          });
      },
      onPacket: (packet) => {
        if (!hasPacket) {
          hasPacket = true;
          this.#remember();
          probe = this.#probeNowAndThen(url, moveOver);
        }
        handlers.onPacket(packet);
      },
      onClose: (code, reason) => {
        probe?.cancel();
        // Neither way goes: the other one is tried again.
        if (!isOver && !hasPacket && code < CLOSE_OF_SERVER_MIN && reason !== OFFLINE) this.#forget();
        handlers.onClose(code, reason);
      },
    });
    return {
      send: (packet) => connection.send(packet),
      close: (code) => {
        // Whoever waited so long for a packet did not get one.
        if (!isOver && !hasPacket && clock.monotonicMs() - beganMs >= FALLBACK_SILENT_MS_MAX) this.#forget();
        isOver = true;
        probe?.cancel();
        connection.close(code);
      },
      get bufferedBytes() {
        return connection.bufferedBytes;
      },
    };
  }

  /** Tries a WebSocket again and again, ever more rarely (F4), until one works. */
  #probeNowAndThen(url: string, onUsable: () => void): Timer {
    const { scheduler, random } = this.#options.ambient;
    let current: Timer;
    const plan = (): void => {
      const delayMs = this.#probeEveryMs * (0.75 + random.unit() / 2);
      this.#probeEveryMs = Math.min(FALLBACK_PROBE_EVERY_MS_MAX, this.#probeEveryMs * 2);
      current = scheduler.after(delayMs, () => {
        current = this.#probe(url, (isUsable) => {
          if (isUsable) onUsable();
          else {
            this.#remember();
            plan();
          }
        });
      });
    };
    plan();
    return { cancel: () => current.cancel() };
  }

  /** Whether packets go both ways over a WebSocket now: a Hello of no version is answered with a close code. */
  #probe(url: string, onResult: (isUsable: boolean) => void): Timer {
    let isOver = false;
    const finish = (isUsable: boolean): void => {
      if (isOver) return;
      cancel();
      onResult(isUsable);
    };
    const connection = this.#options.webSocket.connect(url, {
      onOpen: () => {
        if (!isOver) connection.send(encodeFrame("hello", { protocolVersion: 0, token: "" }));
      },
      onPacket: () => finish(true),
      onClose: (code) => finish(code >= CLOSE_OF_SERVER_MIN),
    });
    const timer = this.#options.ambient.scheduler.after(FALLBACK_PROBE_MS_MAX, () => finish(false));
    const cancel = (): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      connection.close();
    };
    return { cancel };
  }

  /** The wall clock may have been set back: a hint from far ahead is none. */
  #isRemembered(): boolean {
    const leftMs = this.#streamUntilMs - this.#options.ambient.clock.nowMs();
    return leftMs > 0 && leftMs <= FALLBACK_HINT_MS;
  }

  #remember(): void {
    const { ambient, hint } = this.#options;
    if (!this.#isRemembered()) ambient.logger.info("http stream used", {});
    this.#isMisled = false;
    this.#streamUntilMs = ambient.clock.nowMs() + FALLBACK_HINT_MS;
    hint?.write(this.#streamUntilMs);
  }

  #forget(): void {
    this.#failures = 0;
    this.#isMisled = false;
    // One more early end is enough to come back here.
    this.#shortLives = Math.min(this.#shortLives, FALLBACK_SHORT_LIVES - 1);
    if (this.#streamUntilMs === 0) return;
    this.#streamUntilMs = 0;
    this.#options.hint?.write(0);
  }

  #noteFailure(): void {
    const nowMs = this.#options.ambient.clock.monotonicMs();
    if (this.#failures === 0 || nowMs - this.#firstFailureMs > FALLBACK_FAILURES_MS_MAX) {
      this.#failures = 0;
      this.#firstFailureMs = nowMs;
    }
    this.#failures += 1;
    if (!this.#hasMoved) return;
    this.#hasMoved = false;
    this.#isMisled = true;
    this.#failures = FALLBACK_FAILURES;
  }

  #noteLife(lifeMs: number): void {
    if (lifeMs < FALLBACK_SHORT_LIFE_MS) this.#shortLives += 1;
    else {
      this.#shortLives = 0;
      this.#probeEveryMs = FALLBACK_PROBE_EVERY_MS;
    }
  }
}
