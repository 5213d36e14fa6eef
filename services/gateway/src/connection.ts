/**
 * One connection of one device.
 *
 *   OPENING ──Hello──► VERIFYING ──token good──► OPEN ──► CLOSED
 *      └─ no Hello in time, malformed, token bad … ──────► CLOSED, with a code that says whether to come back
 *
 * Back-pressure: what is pushed waits for room in the socket and otherwise stays in the queue (see the sync service);
 * answers are bounded by the number of requests in flight; a device that takes nothing for too long is closed.
 *
 *   G1  No packet passes PACKET_BYTES_MAX in either direction.
 *   G2  A session that has ended has no open connection, whenever it ended.
 *   G3  Nothing that a call does, throws or answers reaches another connection or the process.
 *   G4  While draining, requests in flight are answered before the connection closes, and no new ones are taken.
 */
import type { Feed, FeedSink, Position, Session } from "@parley/contracts";
import { Failure, failureCode, isRareTime } from "@parley/base";
import {
  type ConversationId,
  type DisconnectReason,
  type Frame,
  type FrameName,
  type FramePayload,
  type Init,
  type PersonPresence,
  type UserId,
  type Writer,
  DISCONNECT,
  FOLLOW_MAX,
  PACKET_BYTES_MAX,
  PACKET_FRAMES_MAX,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  REQUESTS_IN_FLIGHT_MAX,
  parseConversationId,
  readPacket,
  writeFrame,
} from "@parley/protocol";
import type { Gateway } from "./gateway.js";
import type { PresenceSink } from "./presence/presence-port.js";
import { answerPresence, isPresenceRequest } from "./presence/presence-requests.js";
import type { TypingSink } from "./presence/typing-relay.js";
import { type Answer, type RequestFrame, answer, isRequest } from "./requests.js";
import type { SharedPacket } from "./shared-packets.js";
import type { Socket, SocketListener } from "./socket.js";

/**
 * A packet is sent when it reaches this size, or at the end of the turn. With the largest frame on top, a full page or a
 * Push of this size and one more event, it stays below PACKET_BYTES_MAX, beyond which clients refuse it.
 */
const PACKET_BYTES_TARGET = 32 * 1024;
/** Pushing pauses while more than this waits in the socket. */
const PUSH_BUFFERED_BYTES_MAX = 128 * 1024;
/** Who is there and who types is not told while more than this waits: it comes before nothing else. */
const ASIDE_BUFFERED_BYTES_MAX = 32 * 1024;
/** A connection with more than this waiting is closed: it asks for pages and does not take them. */
const BUFFERED_BYTES_MAX = 8 * 1024 * 1024;

/** The first version that knows `ahead` and `someoneTypes`. */
const AHEAD_VERSION = 4;
const TYPING_VERSION = 4;

export class Connection implements SocketListener, FeedSink, PresenceSink, TypingSink {
  readonly #gateway: Gateway;
  readonly #socket: Socket;
  readonly openedMs: number;
  lastHeardMs: number;
  /** Since when the socket has had no room and has taken nothing; 0 while it has room. */
  stalledSinceMs = 0;
  /** What waited in the socket when it was last looked at. */
  #stalledBytes = 0;
  /** As Hello said. */
  deviceKind = "";
  #version = 0;
  /** Whether it unpacks what is compressed. */
  #isUnpacking = false;
  #state: "opening" | "verifying" | "open" | "closed" = "opening";
  #session: Session | undefined;
  #feed: Feed | undefined;
  /** Resolves when there is a feed, or none will be. */
  #attached: Promise<void> | undefined;
  #packet: Writer | undefined;
  /** Instead of it, as long as it holds nothing but what others are sent too. */
  #sharedPacket: SharedPacket | undefined;
  #packetFrames = 0;
  #requestsInFlight = 0;
  #isPongOwed = false;
  #isCaughtUp = false;
  #isDraining = false;

  constructor(gateway: Gateway, socket: Socket, nowMs: number) {
    this.#gateway = gateway;
    this.#socket = socket;
    this.openedMs = nowMs;
    this.lastHeardMs = nowMs;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  onPacket(packet: Uint8Array): void {
    if (this.#state === "closed") return;
    this.lastHeardMs = this.#gateway.nowMs();
    if (packet.length > PACKET_BYTES_MAX) {
      this.close("tooLarge");
      return;
    }
    try {
      readPacket(packet, (frame) => this.#take(frame));
    } catch (error) {
      const code = failureCode(error);
      if (code === "malformed") this.close("malformed");
      else if (code === "unknown-frame") this.close("unknownFrame");
      else this.#gateway.failConnection(this, error);
    }
  }

  onDrain(): void {
    if (this.#state !== "open" || !this.hasRoom()) return;
    this.stalledSinceMs = 0;
    this.#feed?.resume();
  }

  onClosed(): void {
    if (this.#state !== "closed") this.#end();
  }

  /** Looks whether a socket without room takes anything. */
  noteProgress(nowMs: number): void {
    this.onDrain();
    const bytes = this.#socket.bufferedBytes();
    if (this.stalledSinceMs > 0 && bytes < this.#stalledBytes) this.stalledSinceMs = nowMs;
    this.#stalledBytes = bytes;
  }

  /** Closes as soon as the requests in flight are answered; takes no new ones. */
  drain(): void {
    this.#isDraining = true;
    this.#closeWhenDrained();
  }

  /** Closes with a code that tells the device what to do. Idempotent. */
  close(reason: DisconnectReason): void {
    if (this.#state === "closed") return;
    this.#sendPacket();
    this.#end();
    this.#socket.close(DISCONNECT[reason].code, DISCONNECT[reason].meaning);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  // FeedSink

  /** A page of the queue may hold more than one packet may: it is cut into several frames (G1). */
  push(
    epoch: number,
    firstPts: number,
    events: readonly Uint8Array[],
    conversationId?: ConversationId,
  ): void {
    if (conversationId !== undefined && isSmall(events)) {
      this.#writeShared(this.#gateway.shared.frameOf({ epoch, firstPts, events, conversationId }));
      return;
    }
    let from = 0;
    let bytes = 0;
    for (let index = 0; index < events.length; index++) {
      const eventBytes = events[index]!.length;
      if (index > from && bytes + eventBytes > PACKET_BYTES_TARGET) {
        const cut = events.slice(from, index);
        this.#write("push", { epoch, firstPts: firstPts + from, events: cut, conversationId });
        from = index;
        bytes = 0;
      }
      bytes += eventBytes;
    }
    const rest = from === 0 ? events : events.slice(from);
    this.#write("push", { epoch, firstPts: firstPts + from, events: rest, conversationId });
  }

  /** Devices of before do not know the frame. */
  ahead(epoch: number, pts: number, event: Uint8Array, conversationId?: ConversationId): void {
    if (this.#version >= AHEAD_VERSION) this.#write("ahead", { epoch, pts, event, conversationId });
  }

  rebase(position: Position, reason: string, conversationId?: ConversationId): void {
    this.#write("rebase", { ...position, reason, conversationId });
  }

  /** What a device asked before is answered behind what it had missed. */
  caughtUp(conversationId?: ConversationId): void {
    if (conversationId !== undefined) return;
    this.#isCaughtUp = true;
    if (!this.#isPongOwed) return;
    this.#isPongOwed = false;
    this.#write("pong", {});
  }

  hasRoom(): boolean {
    const hasRoom = this.#socket.bufferedBytes() < PUSH_BUFFERED_BYTES_MAX;
    if (!hasRoom && this.stalledSinceMs === 0) {
      this.stalledSinceMs = this.#gateway.nowMs();
      this.#stalledBytes = this.#socket.bufferedBytes();
    }
    return hasRoom;
  }

  fail(): void {
    this.close("internal");
  }

  // PresenceSink and TypingSink: what is told beside the queue, and may be late or left out.

  presencePace(): "now" | "rarely" | "no" {
    if (!this.isOpen || this.#socket.bufferedBytes() > ASIDE_BUFFERED_BYTES_MAX) return "no";
    return this.#feed?.isSlow === true ? "rarely" : "now";
  }

  tellPresence(people: readonly PersonPresence[]): void {
    this.#write("presence", { people });
  }

  /** A few bytes every three seconds: a slow network has room for them, unless what was sent before still waits. */
  tellTyping(conversationId: ConversationId, userId: UserId): void {
    if (this.#version >= TYPING_VERSION && this.presencePace() !== "no")
      this.#write("someoneTypes", { conversationId, userId });
  }

  /** Sends what was written in this turn. */
  flush(): void {
    if (this.#packet === undefined && this.#sharedPacket === undefined) return;
    this.#sendPacket();
    if (this.#socket.bufferedBytes() > BUFFERED_BYTES_MAX) this.close("slowConsumer");
  }

  #sendPacket(): void {
    const packet = this.#packet;
    const bytes = packet === undefined ? this.#sharedPacket?.bytes : packet.take();
    if (bytes === undefined) return;
    this.#packet = undefined;
    this.#sharedPacket = undefined;
    this.#socket.send(this.#isUnpacking ? this.#gateway.packer.pack(bytes, this.#feed?.isSlow) : bytes);
    if (packet !== undefined) this.#gateway.returnWriter(packet);
  }

  #take(frame: Frame): void {
    if (this.#state === "closed") return;
    if (this.#state === "opening") {
      if (frame.name === "hello") this.#hello(frame.payload);
      else this.close("unknownFrame");
      return;
    }
    if (this.#state === "verifying") {
      // A client waits for Welcome; anything but a ping before it is a bug of the client.
      if (frame.name !== "ping") this.close("unknownFrame");
      return;
    }
    if (isRequest(frame)) this.#request(frame.payload.requestId, () => this.#answer(frame));
    else if (frame.name === "follow")
      this.#request(frame.payload.requestId, () => this.#follow(frame.payload));
    else if (isPresenceRequest(frame))
      this.#request(frame.payload.requestId, () =>
        answerPresence(this.#gateway, this, this.#session!, frame),
      );
    else if (frame.name === "confirm") this.#confirm(frame.payload);
    else if (frame.name === "ping") this.#ping();
    else this.close("unknownFrame");
  }

  #answer(frame: RequestFrame): Promise<Answer> {
    const { calls, firstSyncs } = this.#gateway;
    const isList = frame.name === "listConversations" && frame.payload.conversationId === "";
    const begin = (): Promise<Answer> => answer(calls, this.#session!, frame);
    return isList ? firstSyncs.run(begin) : begin();
  }

  #confirm({ epoch, pts, conversationId, heldMs }: FramePayload<"confirm">): void {
    this.#feed?.confirm({ epoch, pts }, conversationId === "" ? undefined : conversationId, heldMs);
  }

  async #follow({ epoch, topics }: FramePayload<"follow">): Promise<Answer> {
    if (topics.length > FOLLOW_MAX)
      throw new Failure("bad-request", `Follow at most ${FOLLOW_MAX} topics at a time.`, {
        retry: "after-change",
      });
    for (const { conversationId } of topics) parseConversationId(conversationId);
    await this.#attached;
    await this.#feed?.follow(epoch, topics);
    return { name: "done", payload: {} };
  }

  /** The first is answered behind what the device had missed, so that its Pong tells that it has caught up. */
  #ping(): void {
    if (this.#isCaughtUp || this.#isPongOwed) this.#write("pong", {});
    else this.#isPongOwed = true;
  }

  #hello(hello: FramePayload<"hello">): void {
    if (hello.protocolVersion < PROTOCOL_VERSION_MIN || hello.protocolVersion > PROTOCOL_VERSION) {
      this.close("versionNotServed");
      return;
    }
    this.#state = "verifying";
    this.deviceKind = hello.deviceKind;
    this.#version = hello.protocolVersion;
    this.#isUnpacking = hello.packings.includes("deflate");
    const retryAfterMs = this.#gateway.admit(() => this.#begin(hello));
    if (retryAfterMs === 0) return;
    this.#write("busy", { retryAfterMs });
    this.close("busy");
  }

  #begin(hello: FramePayload<"hello">): void {
    if (this.#state !== "verifying") return;
    this.#open(hello).catch((error: unknown) => {
      if (failureCode(error) === "session-invalid") this.close("sessionInvalid");
      else this.#gateway.failConnection(this, error);
    });
  }

  async #open(hello: FramePayload<"hello">): Promise<void> {
    const session = await this.#gateway.calls.accounts.verify(hello.token);
    if (this.#state !== "verifying") return;
    this.#session = session;
    this.#gateway.opened(this, session);
    // From here on the end of the session is heard. What ended between the first look and now is seen by this one (G2).
    await this.#gateway.calls.accounts.verify(hello.token);
    if ((this.#state as string) !== "verifying") return;
    this.#state = "open";
    this.#write("welcome", {
      protocolVersion: PROTOCOL_VERSION,
      userId: session.userId,
      deviceId: session.deviceId,
      sessionId: session.sessionId,
      heartbeatMs: this.#gateway.heartbeatMs,
      serverTimeMs: this.#gateway.wallMs(),
      server: this.#gateway.serverName,
    });
    const attaching = this.#gateway.calls.sync.attach(session, { epoch: hello.epoch, pts: hello.pts }, this);
    this.#attached = attaching.then(
      () => undefined,
      () => undefined,
    );
    const feed = await attaching;
    // The connection may have closed while the feed was opened.
    if ((this.#state as string) === "closed") feed.close();
    else this.#feed = feed;
  }

  #request(requestId: number, begin: () => Promise<Answer>): void {
    if (requestId === 0) {
      this.close("malformed");
      return;
    }
    if (this.#isDraining || isRareTime("request-is-put-off")) {
      const failure = new Failure("unavailable", "The server is stopping.", { retry: "same" });
      this.#refuse(requestId, failure);
      return;
    }
    if (this.#requestsInFlight >= REQUESTS_IN_FLIGHT_MAX) {
      const failure = new Failure("too-many-requests", "Wait for answers first.", {
        retry: "same",
        retryAfterMs: 200,
      });
      this.#refuse(requestId, failure);
      return;
    }
    this.#requestsInFlight += 1;
    begin()
      .then(
        ({ name, payload }) => {
          this.#requestsInFlight -= 1;
          this.#write(name, { ...payload, requestId });
          this.#closeWhenDrained();
        },
        (error: unknown) => {
          this.#requestsInFlight -= 1;
          this.#refuse(requestId, this.#gateway.asFailure(error));
          this.#closeWhenDrained();
        },
      )
      // An answer that cannot be encoded leaves half a frame in the packet: this connection cannot go on (G3).
      .catch((error: unknown) => this.#gateway.failConnection(this, error));
  }

  #closeWhenDrained(): void {
    if (this.#isDraining && this.#requestsInFlight === 0) this.close("draining");
  }

  #refuse(requestId: number, failure: Failure): void {
    const { code, message, retry, retryAfterMs, details } = failure;
    const expected = typeof details["expected"] === "number" ? details["expected"] : 0;
    const untilMs = typeof details["untilMs"] === "number" ? details["untilMs"] : 0;
    this.#write("refused", { requestId, code, message, retry, retryAfterMs, expected, untilMs });
  }

  #write<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): void {
    if (this.#state === "closed") return;
    const packet = this.#ownPacket();
    writeFrame(packet, name, payload);
    this.#packetFrames += 1;
    if (packet.length >= PACKET_BYTES_TARGET || this.#packetFrames >= PACKET_FRAMES_MAX) this.flush();
  }

  /** A frame that others are sent too. As long as there is nothing else in the packet, that is shared as well. */
  #writeShared(frame: Uint8Array): void {
    if (this.#state === "closed") return;
    if (this.#packet !== undefined) {
      this.#packet.raw(frame);
      this.#packetFrames += 1;
    } else {
      if (this.#sharedPacket === undefined) this.#gateway.flushSoon(this);
      this.#sharedPacket = this.#gateway.shared.after(this.#sharedPacket, frame);
      this.#packetFrames = this.#sharedPacket.frames;
    }
    const { length } = this.#packet ?? this.#sharedPacket!;
    if (length >= PACKET_BYTES_TARGET || this.#packetFrames >= PACKET_FRAMES_MAX) this.flush();
  }

  /** The packet of this connection alone, with what it shared until now. */
  #ownPacket(): Writer {
    if (this.#packet !== undefined) return this.#packet;
    const packet = this.#gateway.borrowWriter();
    if (this.#sharedPacket === undefined) {
      this.#packetFrames = 0;
      this.#gateway.flushSoon(this);
    } else packet.raw(this.#sharedPacket.bytes);
    this.#sharedPacket = undefined;
    this.#packet = packet;
    return packet;
  }

  #end(): void {
    this.#state = "closed";
    if (this.#packet !== undefined) {
      this.#gateway.returnWriter(this.#packet);
      this.#packet = undefined;
    }
    this.#sharedPacket = undefined;
    const feed = this.#feed;
    this.#feed = undefined;
    this.#gateway.closed(this, feed);
  }
}

/** Whether it fits into one packet with whatever else may be in it. */
function isSmall(events: readonly Uint8Array[]): boolean {
  let bytes = 0;
  for (const event of events) bytes += event.length;
  return bytes <= PACKET_BYTES_TARGET;
}
