/** A connection of which is noted whether it carried anything, and for how long. */
import type { Ambient, Timer } from "@parley/base";
import { FALLBACK_SILENCE_MS, FALLBACK_SHORT_LIFE_MS, FALLBACK_SILENT_MS_MAX } from "./limits.js";
import type { Connection, ConnectionHandlers, Transport } from "./transport.js";

const CLOSE_LOST = 1006;
const CLOSE_NORMAL = 1000;
/** The codes of the protocol: whoever says them is the server. */
export const CLOSE_OF_SERVER_MIN = 4000;
/** What a transport says when the device itself has no network. */
export const OFFLINE = "offline";

/** What a connection said about its network; nothing when its owner ended it, or the device had no network. */
export interface NetworkVerdicts {
  /** It carried nothing. */
  onFailure(): void;
  /** The server was heard. */
  onReached(): void;
  /** It carried packets, and ended after so long. */
  onLife(lifeMs: number): void;
}

export class WatchedConnection implements Connection {
  readonly #ambient: Pick<Ambient, "clock" | "scheduler">;
  readonly #handlers: ConnectionHandlers;
  readonly #verdicts: NetworkVerdicts;
  readonly #connection: Connection;
  readonly #silence: Timer;
  #firstPacketMs: number | undefined;
  #lastPacketMs = 0;
  /** Its verdict was given. */
  #isJudged = false;
  #isOver = false;

  constructor(
    open: { readonly transport: Transport; readonly url: string; readonly handlers: ConnectionHandlers },
    ambient: Pick<Ambient, "clock" | "scheduler">,
    verdicts: NetworkVerdicts,
  ) {
    this.#ambient = ambient;
    this.#handlers = open.handlers;
    this.#verdicts = verdicts;
    this.#silence = ambient.scheduler.after(FALLBACK_SILENT_MS_MAX, () => {
      this.#judge(() => verdicts.onFailure());
      this.#connection.close();
      this.#end(CLOSE_LOST, "silent");
    });
    this.#connection = open.transport.connect(open.url, {
      onOpen: () => {
        if (!this.#isOver) this.#handlers.onOpen();
      },
      onPacket: (packet) => this.#take(packet),
      onClose: (code, reason) => this.#closed(code, reason),
    });
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  send(packet: Uint8Array): void {
    this.#connection.send(packet);
  }

  close(code: number = CLOSE_NORMAL): void {
    this.#judge(() => this.#judgeOwnEnd());
    this.#connection.close(code);
    // Its owner need not wait for a peer that is gone.
    this.#ambient.scheduler.soon(() => this.#end(code, ""));
  }

  #take(packet: Uint8Array): void {
    if (this.#isOver) return;
    this.#lastPacketMs = this.#ambient.clock.monotonicMs();
    if (this.#firstPacketMs === undefined) {
      this.#firstPacketMs = this.#lastPacketMs;
      this.#silence.cancel();
      this.#verdicts.onReached();
    }
    this.#handlers.onPacket(packet);
  }

  #closed(code: number, reason: string): void {
    this.#judge(() => {
      if (reason === OFFLINE) return;
      if (code >= CLOSE_OF_SERVER_MIN) this.#verdicts.onReached();
      else if (this.#firstPacketMs === undefined) this.#verdicts.onFailure();
      else this.#verdicts.onLife(this.#ambient.clock.monotonicMs() - this.#firstPacketMs);
    });
    this.#end(code, reason);
  }

  /** After a long silence the connection was dead; else only a long life says something. */
  #judgeOwnEnd(): void {
    if (this.#firstPacketMs === undefined) return;
    const lifeMs = this.#lastPacketMs - this.#firstPacketMs;
    const silentMs = this.#ambient.clock.monotonicMs() - this.#lastPacketMs;
    if (silentMs >= FALLBACK_SILENCE_MS || lifeMs >= FALLBACK_SHORT_LIFE_MS) this.#verdicts.onLife(lifeMs);
  }

  #judge(judge: () => void): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    this.#silence.cancel();
    judge();
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onClose(code, reason);
  }
}
