import type { Feed, Session } from "@parley/contracts";
import { type Ambient, Failure, Slots, type Timer, failureCode, messageOf, sleep } from "@parley/base";
import { type SessionId, ERROR_CODES, Writer } from "@parley/protocol";
import { Admission, type AdmissionCounts } from "./admission.js";
import { Connection } from "./connection.js";
import { PacketPacker } from "./packet-packer.js";
import { SharedPackets } from "./shared-packets.js";
import { PresenceBoard } from "./presence/presence-board.js";
import type { PresencePort } from "./presence/presence-port.js";
import { TypingRelay } from "./presence/typing-relay.js";
import { UserConnections } from "./presence/user-connections.js";
import type { Calls } from "./requests.js";
import type { Socket } from "./socket.js";

const TICK_MS = 1_000;
const HELLO_MS_MAX = 10_000;
/** A device may be silent for this many heartbeats. */
const HEARTBEATS_MISSED_MAX = 2.5;
/** A device that takes nothing for this long is closed; it continues from its position when it comes back. */
const STALLED_MS_MAX = 20_000;
/** Connections that have not said Hello yet; the next ones are told to come back. */
const OPENING_MAX = 5_000;
const WRITERS_POOLED_MAX = 64;
/** About a fifth of a processor's time. */
const HANDSHAKES_PER_SECOND = 400;
/** Devices that fetch their whole list at a time, and those that wait for it. */
const FIRST_SYNCS_MAX = 8;
const FIRST_SYNCS_WAITING_MAX = 5_000;
const FIRST_SYNC_RETRY_MS = 3_000;
/** Said of packets only. From a call it means that something stored cannot be read, which is not the client's doing. */
const NOT_ANSWERS: ReadonlySet<string> = new Set(["malformed", "unknown-frame"]);
/** After the close codes are sent, sockets have this long to take them before they are dropped. */
const LINGER_MS = 200;

export interface GatewayOptions {
  readonly calls: Calls;
  readonly ambient: Ambient;
  readonly serverName: string;
  readonly heartbeatMs?: number;
  /** Devices that may begin in a second. Default HANDSHAKES_PER_SECOND. */
  readonly handshakesPerSecond?: number;
}

/** All connections of this process: their sessions, heartbeats and the flushing of what they write in one turn. */
export class Gateway {
  readonly calls: Calls;
  readonly heartbeatMs: number;
  readonly serverName: string;
  readonly #ambient: Ambient;
  readonly #admission: Admission;
  /** Lists are long: whoever fetches one waits for others who do, and nobody else for them. */
  readonly firstSyncs = new Slots({
    runningMax: FIRST_SYNCS_MAX,
    waitingMax: FIRST_SYNCS_WAITING_MAX,
    refusal: "Too many devices fetch their conversations.",
    retryAfterMs: FIRST_SYNC_RETRY_MS,
  });
  readonly packer: PacketPacker;
  /** What many connections are sent in this turn. */
  readonly shared = new SharedPackets();
  readonly presence: PresencePort;
  readonly typing: TypingRelay;
  readonly #connections = new Set<Connection>();
  readonly #bySession = new Map<SessionId, Set<Connection>>();
  readonly #byUser = new UserConnections<Connection>();
  readonly #writers: Writer[] = [];
  readonly #tick: Timer;
  readonly #stopListening: () => void;
  #toFlush: Connection[] = [];
  #openingCount = 0;
  #isDraining = false;
  #onEmpty: () => void = () => {};

  constructor(options: GatewayOptions) {
    this.calls = options.calls;
    this.serverName = options.serverName;
    this.heartbeatMs = options.heartbeatMs ?? 25_000;
    this.#ambient = options.ambient;
    const { clock, scheduler } = options.ambient;
    const { handshakesPerSecond: perSecond = HANDSHAKES_PER_SECOND } = options;
    this.packer = new PacketPacker(clock);
    this.#admission = new Admission({ clock, scheduler, perSecond });
    this.presence = new PresenceBoard({ clock });
    this.typing = new TypingRelay({
      clock,
      message: options.calls.message,
      connectionsOf: (tenantId, userId) => this.#byUser.of(tenantId, userId),
    });
    this.#tick = options.ambient.scheduler.every(TICK_MS, () => this.#check());
    this.#stopListening = options.calls.accounts.onRevoked((sessionId) => this.#revoke(sessionId));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Devices that were let in, and told to come later, since the start. */
  get admissions(): AdmissionCounts {
    return this.#admission.counts;
  }

  /** Takes a new socket; the connection listens to it from now on. */
  accept(socket: Socket): Connection {
    const connection = new Connection(this, socket, this.nowMs());
    this.#connections.add(connection);
    this.#openingCount += 1;
    if (this.#isDraining) connection.close("draining");
    else if (this.#openingCount > OPENING_MAX) connection.close("busy");
    return connection;
  }

  /**
   * Answers the requests in flight, tells every device to come back later, and drops what is left: all within
   * `withinMs`. New requests and connections are refused from the call on.
   */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true;
    this.#tick.cancel();
    const open = [...this.#connections];
    for (const connection of open) connection.drain();
    await this.#empty(Math.max(0, withinMs - LINGER_MS));
    for (const connection of open) connection.close("draining");
    this.#stopListening();
    if (open.length > 0) await sleep(this.#ambient.scheduler, Math.min(withinMs, LINGER_MS));
    for (const connection of open) connection.terminate();
  }

  // What connections call.

  nowMs(): number {
    return this.#ambient.clock.monotonicMs();
  }

  wallMs(): number {
    return this.#ambient.clock.nowMs();
  }

  /** Calls `begin` when a device may begin, and returns 0; or returns in how many milliseconds it is to come again. */
  admit(begin: () => void): number {
    return this.#admission.admit(begin);
  }

  opened(connection: Connection, session: Session): void {
    this.#openingCount -= 1;
    this.#byUser.add(connection, session);
    this.presence.opened(connection, session);
    const same = this.#bySession.get(session.sessionId);
    if (same === undefined) {
      this.#bySession.set(session.sessionId, new Set([connection]));
      return;
    }
    // One device, one connection: the newer one goes on.
    for (const older of same) older.close("replaced");
    this.#bySession.set(session.sessionId, new Set([connection]));
  }

  closed(connection: Connection, feed: Feed | undefined): void {
    if (!this.#connections.delete(connection)) return;
    try {
      feed?.close();
    } catch (error) {
      // The position is written again by a later confirmation; the connection must be forgotten all the same.
      this.#ambient.logger.error("feed-close-failed", { error: messageOf(error) });
    }
    if (this.#connections.size === 0) this.#onEmpty();
    const { session } = connection;
    if (session === undefined) {
      this.#openingCount -= 1;
      return;
    }
    this.#byUser.delete(connection, session);
    this.presence.closed(connection);
    const same = this.#bySession.get(session.sessionId);
    if (same?.delete(connection) === true && same.size === 0) this.#bySession.delete(session.sessionId);
  }

  /** Writes of one turn go out together, one packet per connection. */
  flushSoon(connection: Connection): void {
    this.#toFlush.push(connection);
    if (this.#toFlush.length > 1) return;
    this.#ambient.scheduler.soon(() => {
      const connections = this.#toFlush;
      this.#toFlush = [];
      for (const each of connections) each.flush();
      this.shared.forget();
    });
  }

  borrowWriter(): Writer {
    const writer = this.#writers.pop() ?? new Writer(2048);
    writer.reset();
    return writer;
  }

  returnWriter(writer: Writer): void {
    if (this.#writers.length < WRITERS_POOLED_MAX) this.#writers.push(writer);
  }

  /** Any error as one that a client may see; what is not expected is logged and hidden. */
  asFailure(error: unknown): Failure {
    const isKnown = error instanceof Failure && Object.hasOwn(ERROR_CODES, error.code);
    if (isKnown && !NOT_ANSWERS.has(error.code)) return error;
    // A request that took longer than the server waits for when it stops: nothing that somebody has to look at.
    if (failureCode(error) === "tables-closed")
      return new Failure("unavailable", "The server is stopping.", { retry: "same", retryAfterMs: 1000 });
    this.#ambient.logger.error("request-failed", { error: messageOf(error) });
    return new Failure("internal", "The server failed on this request.", {
      retry: "same",
      retryAfterMs: 1000,
    });
  }

  failConnection(connection: Connection, error: unknown): void {
    this.#ambient.logger.error("connection-failed", { error: messageOf(error) });
    connection.close("internal");
  }

  #revoke(sessionId: SessionId): void {
    for (const connection of this.#bySession.get(sessionId) ?? []) connection.close("sessionInvalid");
  }

  #check(): void {
    const nowMs = this.nowMs();
    const wallMs = this.wallMs();
    for (const connection of this.#connections) {
      const { session } = connection;
      if (!connection.isOpen) {
        if (nowMs - connection.openedMs > HELLO_MS_MAX) connection.close("helloMissed");
      } else if (session !== undefined && session.expiresAtMs <= wallMs) connection.close("sessionInvalid");
      else if (nowMs - connection.lastHeardMs > this.heartbeatMs * HEARTBEATS_MISSED_MAX)
        connection.close("heartbeatMissed");
      else if (connection.stalledSinceMs > 0) this.#checkStalled(connection, nowMs);
    }
    this.presence.tick();
  }

  /** Resolves when there is no connection any more, or after `withinMs`. */
  #empty(withinMs: number): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#ambient.scheduler.after(withinMs, resolve);
      this.#onEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #checkStalled(connection: Connection, nowMs: number): void {
    connection.noteProgress(nowMs);
    if (connection.stalledSinceMs > 0 && nowMs - connection.stalledSinceMs > STALLED_MS_MAX)
      connection.close("slowConsumer");
  }
}
