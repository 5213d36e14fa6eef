/**
 * A server in memory, as a transport: it keeps to the protocol by itself, and a test can make it cut, repeat, skip,
 * refuse and be silent.
 */
import type { Scheduler } from "@parley/base";
import {
  Body,
  type DeviceId,
  digestOf,
  type Edit,
  encode,
  encodeFrame,
  Event,
  filled,
  forwardedBody,
  type Frame,
  type FrameName,
  type FramePayload,
  type Init,
  Member,
  type Message,
  type PersonPresence,
  readPacket,
  type SessionId,
  type UserId,
  textBody,
  DISCONNECT,
} from "@parley/protocol";
import type { Connection, ConnectionHandlers, Transport } from "../common/index.js";
import type { ScriptedWorld } from "./scripted-world.js";

/** What a test makes of a request: handled as usual, not seen at all, done without an answer, or refused. */
export type Script = "handle" | "ignore" | "handle-silently" | Init<FramePayload<"refused">>;

export class ScriptedServer implements Transport {
  readonly world: ScriptedWorld;
  readonly #scheduler: Scheduler;
  #link: Link | undefined;
  readonly links: Link[] = [];
  /** All frames received, of all connections. */
  readonly received: Frame[] = [];
  /** Decides on each request. */
  script: (frame: Frame) => Script = () => "handle";
  isReachable = true;
  /** Nothing is said any more, though the connection stands. */
  isSilent = false;
  heartbeatMs = 20_000;
  /** What the next devices are told that come, instead of being welcomed. */
  readonly busyMs: number[] = [];
  pushSize = 100;
  /** Events wait; everything else goes through. */
  isHoldingPushes = false;
  /** Messages on one page of history, as when the page is full of bytes before its limit. */
  historySize = 200;
  /** What any message said before. */
  edits: readonly Edit[] = [];
  /** Pages of messages that mention the user. */
  mentions: readonly (readonly Message[])[] = [];
  /** What is answered to who asks how many have read. */
  readCounts: Init<FramePayload<"readCounts">> = {};
  linkPreview: Init<FramePayload<"linkPreview">> = {};
  /** What its review makes of every text. */
  replacement: string | undefined;
  /** Of every group; asked for while nobody comes or goes. */
  members: readonly UserId[] = [];
  /** Who is not offline. */
  readonly people = new Map<UserId, Omit<PersonPresence, "userId">>();
  /** Entries per page of the list. */
  listSize = 2;

  constructor(world: ScriptedWorld, scheduler: Scheduler) {
    this.world = world;
    this.#scheduler = scheduler;
  }

  connect(_url: string, handlers: ConnectionHandlers): Connection {
    const link = new Link(this, this.#scheduler, handlers);
    this.links.push(link);
    this.#link = link;
    if (this.isReachable) link.open();
    else link.end(1006);
    return link;
  }

  /** A page of two former texts, of `edits`. */
  editsPage(from: number): Init<FramePayload<"edits">> {
    const rest = this.edits.filter(({ revision }) => revision >= from);
    return { items: rest.slice(0, 2), next: rest[2]?.revision ?? 0 };
  }

  /** A page of ten sequences, the newest first: those whose text has what is looked for. */
  searchPage({
    text,
    conversationId,
    cursor,
  }: FramePayload<"search">): Pick<FramePayload<"searchPage">, "hits" | "next"> {
    const last = cursor === "" ? (this.world.messages.get(conversationId)?.length ?? 0) : Number(cursor);
    const messages = this.world.visible(conversationId, last - 9, last);
    const hits = messages.toReversed().flatMap((message) => {
      const at = message.body?.text?.text.indexOf(text) ?? -1;
      return at < 0 ? [] : [{ message, spans: [at, at + text.length] }];
    });
    return { hits, next: last > 10 ? String(last - 10) : "" };
  }

  person(userId: UserId): PersonPresence {
    return { userId, ...(this.people.get(userId) ?? { state: "offline", sinceMs: 0 }) };
  }

  /** Somebody comes or goes, and the connection is told. */
  setPerson(userId: UserId, state: string, sinceMs = 0): void {
    this.people.set(userId, { state, sinceMs });
    this.say("presence", { people: [this.person(userId)] });
  }

  /** The frames of one name that were received. */
  framesOf<N extends FrameName>(name: N): readonly FramePayload<N>[] {
    return this.received
      .filter((frame) => frame.name === name)
      .map((frame) => frame.payload as FramePayload<N>);
  }

  /** Ends the current connection; 1006 is a loss. */
  cut(code = 1006): void {
    this.#link?.end(code);
  }

  /** Pushes what the connection has not had yet. */
  push(): void {
    this.#link?.push();
  }

  /** The next push begins `count` events earlier, or later when negative. */
  rewind(count: number): void {
    this.#link?.rewind(count);
  }

  /** Says a frame out of the ordinary. */
  say<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): void {
    this.#link?.say(name, payload);
  }
}

class Link implements Connection {
  readonly #server: ScriptedServer;
  readonly #scheduler: Scheduler;
  readonly #handlers: ConnectionHandlers;
  #isOver = false;
  /** The last pts pushed; undefined before Hello. */
  #pts: number | undefined;
  readonly bufferedBytes = 0;

  constructor(server: ScriptedServer, scheduler: Scheduler, handlers: ConnectionHandlers) {
    this.#server = server;
    this.#scheduler = scheduler;
    this.#handlers = handlers;
  }

  open(): void {
    this.#later(() => this.#handlers.onOpen());
  }

  send(packet: Uint8Array): void {
    this.#later(() => readPacket(packet, (frame) => this.#take(frame)));
  }

  close(code = 1000): void {
    this.end(code);
  }

  end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#scheduler.soon(() => this.#handlers.onClose(code, ""));
  }

  say<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): void {
    if (this.#server.isSilent) return;
    const bytes = encodeFrame(name, payload);
    this.#later(() => this.#handlers.onPacket(bytes));
  }

  rewind(count: number): void {
    if (this.#pts !== undefined) this.#pts = Math.max(0, this.#pts - count);
  }

  push(): void {
    const { world, pushSize, isHoldingPushes } = this.#server;
    if (isHoldingPushes) return;
    while (this.#pts !== undefined && this.#pts < world.events.length) {
      const events = world.events.slice(this.#pts, this.#pts + pushSize).map((event) => encode(Event, event));
      this.say("push", { epoch: world.epoch, firstPts: this.#pts + 1, events });
      this.#pts += events.length;
    }
  }

  #later(task: () => void): void {
    this.#scheduler.soon(() => {
      if (!this.#isOver) task();
    });
  }

  #take(frame: Frame): void {
    this.#server.received.push(frame);
    if (frame.name === "hello") this.#greetUnlessBusy(frame.payload);
    else if (frame.name === "ping") this.say("pong", {});
    else if ("requestId" in frame.payload) this.#script(frame, frame.payload.requestId);
  }

  #greetUnlessBusy(hello: FramePayload<"hello">): void {
    const retryAfterMs = this.#server.busyMs.shift();
    if (retryAfterMs === undefined) {
      this.#greet(hello);
      return;
    }
    this.say("busy", { retryAfterMs });
    this.#later(() => this.end(DISCONNECT.busy.code));
  }

  #greet(hello: FramePayload<"hello">): void {
    const { world } = this.#server;
    this.say("welcome", {
      protocolVersion: hello.protocolVersion,
      userId: world.self,
      deviceId: "device" as DeviceId,
      sessionId: "session" as SessionId,
      heartbeatMs: this.#server.heartbeatMs,
    });
    if (hello.epoch === world.epoch && hello.pts <= world.events.length) {
      this.#pts = hello.pts;
    } else {
      this.#pts = world.events.length;
      const reason = hello.epoch === 0 ? "new-device" : "unknown-epoch";
      this.say("rebase", { epoch: world.epoch, pts: this.#pts, reason });
    }
    this.push();
  }

  #script(frame: Frame, requestId: number): void {
    const script = this.#server.script(frame);
    if (script === "ignore") return;
    if (typeof script === "object") {
      this.say("refused", { ...script, requestId });
      return;
    }
    const answer = this.#handle(frame, requestId);
    if (script === "handle") answer();
    this.push();
  }

  /** Does what is asked and returns what answers. */
  #handle(frame: Frame, requestId: number): () => void {
    const { world } = this.#server;
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- The rest is refused, as by an older server.
    switch (frame.name) {
      case "send":
        return this.#accept(frame.payload);
      case "listMembers": {
        const revision = world.entries.get(frame.payload.conversationId)?.membersRevision ?? 0;
        const members = this.#server.members.map((userId) => filled(Member, { userId, role: "member" }));
        return () => this.say("memberList", { requestId, members, revision: Math.max(1, revision) });
      }
      case "markRead":
        world.read(frame.payload.conversationId, frame.payload.sequence);
        return () => this.say("done", { requestId });
      case "hide":
        world.hide(frame.payload.conversationId, frame.payload.sequences);
        return () => this.say("done", { requestId });
      case "edit": {
        const { conversationId, sequence, body } = frame.payload;
        world.change(conversationId, sequence, body?.text?.text ?? "");
        return () => this.say("done", { requestId });
      }
      case "recall":
        world.change(frame.payload.conversationId, frame.payload.sequence);
        return () => this.say("done", { requestId });
      case "react": {
        const { conversationId, sequence, key } = frame.payload;
        world.react(conversationId, sequence, { userId: world.self, key });
        return () => this.say("done", { requestId });
      }
      case "pin":
        world.pin(frame.payload.conversationId, frame.payload.sequence, !frame.payload.isRemoval);
        return () => this.say("done", { requestId });
      case "getPins": {
        const { conversationId } = frame.payload;
        const pins = world.pinList(conversationId);
        const revision = world.pins.get(conversationId)?.revision ?? 0;
        return () => this.say("pinList", { requestId, pins, revision });
      }
      case "getReadCounts":
        return () => this.say("readCounts", { requestId, ...this.#server.readCounts });
      case "getLinkPreview":
        return () => this.say("linkPreview", { requestId, ...this.#server.linkPreview });
      case "getEdits":
        return () => this.say("edits", { requestId, ...this.#server.editsPage(frame.payload.from) });
      case "getMessages": {
        const { conversationId, sequences } = frame.payload;
        const asked = sequences.slice(0, this.#server.historySize);
        const messages = asked.flatMap((sequence) => world.visible(conversationId, sequence, sequence));
        return () => this.say("messages", { requestId, messages, answered: asked.length });
      }
      case "listMentions": {
        const start = Number(frame.payload.cursor || "0");
        const messages = this.#server.mentions[start] ?? [];
        const next = start + 1 < this.#server.mentions.length ? String(start + 1) : "";
        return () => this.say("mentionPage", { requestId, messages, next });
      }
      case "search":
        return () => this.say("searchPage", { requestId, ...this.#server.searchPage(frame.payload) });
      case "getHistory": {
        const { conversationId } = frame.payload;
        const limit = Math.min(frame.payload.limit || 200, this.#server.historySize);
        const page = world.page(conversationId, { ...frame.payload, limit });
        const lastSequence = world.messages.get(conversationId)?.length ?? 0;
        const firstVisible = world.firstVisible(conversationId);
        return () => this.say("historyPage", { requestId, ...page, firstVisible, lastSequence });
      }
      case "listConversations": {
        const start = Number(frame.payload.cursor || "0");
        const { conversationId, isNewestFirst, limit } = frame.payload;
        const all = [...world.entries.values()].filter(
          (entry) => conversationId === "" || entry.conversationId === conversationId,
        );
        if (isNewestFirst) {
          const entries = all.toSorted((one, other) => other.updatedMs - one.updatedMs).slice(0, limit);
          const isPartial = entries.length < all.length;
          return () => this.say("conversationList", { requestId, entries, isPartial });
        }
        const end = start + this.#server.listSize;
        const entries = all.slice(start, end);
        return () =>
          this.say("conversationList", { requestId, entries, next: end < all.length ? String(end) : "" });
      }
      case "setNotify": {
        const { conversationId, level, mutedUntilMs, doNotDisturb } = frame.payload;
        world.push({ settings: { conversationId, level, mutedUntilMs, doNotDisturb } });
        return () => this.say("done", { requestId });
      }
      case "getNotify": {
        const { settings } = world.events.findLast((event) => event.settings?.doNotDisturb) ?? {};
        return () => this.say("notifySettings", { requestId, doNotDisturb: settings?.doNotDisturb });
      }
      case "setPinned": {
        const { conversationId, isPinned } = frame.payload;
        world.push({ listPinned: { conversationId, pinnedMs: isPinned ? world.events.length + 1 : 0 } });
        return () => this.say("done", { requestId });
      }
      case "watchPresence": {
        const people = frame.payload.userIds.map((userId) => this.#server.person(userId));
        return () => this.say("presence", { requestId, people });
      }
      case "setActive":
      case "typing":
        return () => this.say("done", { requestId });
      case "setPushTarget":
        return () => this.say("done", { requestId });
      case "follow":
        // What the topics say is the test's.
        return () => this.say("done", { requestId });
      case "getDigest": {
        const { conversationId, first, last } = frame.payload;
        const messages = world.visible(conversationId, first, last);
        return () => this.say("digest", { requestId, digest: digestOf(messages), count: messages.length });
      }
      default:
        return () => this.say("refused", { requestId, code: "bad-request", retry: "after-change" });
    }
  }

  #accept(send: FramePayload<"send">): () => void {
    const { world } = this.#server;
    const { requestId, conversationId, clientMessageId, number } = send;
    if (world.entries.get(conversationId)?.isMember !== true) {
      return () => this.say("refused", { requestId, code: "not-a-member", retry: "after-change" });
    }
    const lane = world.lane(conversationId);
    const expected = lane.last + 1;
    const known = lane.accepted.get(number);
    if (number > expected)
      return () => this.say("refused", { requestId, code: "too-early", retry: "same", expected });
    if (number < expected && known?.clientMessageId !== clientMessageId) {
      return () => this.say("refused", { requestId, code: "send-order", retry: "after-change", expected });
    }
    const { forward } = send;
    const sources = world.messages.get(forward?.conversationId ?? conversationId) ?? [];
    const chosen = sources.filter(({ sequence }) => forward?.sequences.includes(sequence) === true);
    const { replacement } = this.#server;
    const said = replacement === undefined ? send.body : textBody(replacement);
    const body = forward === undefined ? said : forwardedBody(chosen, forward);
    const isReplaced = replacement !== undefined;
    const message =
      known ??
      world.post(conversationId, world.self, body ?? filled(Body, {}), {
        clientMessageId,
        audience: send.audience,
      });
    lane.accepted.set(number, message);
    lane.last = Math.max(lane.last, number);
    const { messageId, sequence, timeMs } = message;
    return () => this.say("sent", { requestId, messageId, sequence, timeMs, isReplaced });
  }
}
