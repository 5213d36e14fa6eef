/**
 * Takes down a run for the checker: what the machines assign (from the logs), what devices ask and are told (from their
 * connections), what they store and show (from their stores).
 */
import { inflateRawSync } from "node:zlib";
import {
  type Content,
  type ConversationIndex,
  type DeviceIndex,
  type History,
  HistoryRecorder,
  type MemberSetIndex,
  type UserIndex,
  eventFacts,
  messageContent,
} from "@parley/checker";
import type { Change } from "@parley/client";
import {
  type ConversationEntry,
  type ConversationId,
  type FramePayload,
  type Message,
  type TenantId,
  type UserId,
  Event,
  decode,
  packedIn,
  readPacket,
} from "@parley/protocol";
import { ModuleNotes } from "./module-notes.js";
import { CardNotes } from "./card-notes.js";
import { RequestNotes, seenMessage } from "./request-notes.js";

/** Which way a packet goes. */
export type Direction = "to-server" | "to-device";

export interface RecordingOptions {
  readonly tenantId: TenantId;
  readonly nowMs: () => number;
  /** One that takes down at once, unless told. */
  readonly recorder?: HistoryRecorder;
}

interface Position {
  readonly epoch: number;
  readonly pts: number;
}

/** A message of which a user was told over a topic. */
export interface Heard {
  readonly userId: UserId;
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

interface DeviceNotes {
  readonly index: DeviceIndex;
  readonly userId: UserId;
  readonly requests: RequestNotes;
  /** Pushed events of the epoch under way, by PTS. */
  readonly pushed: Map<number, Content>;
  /** Those of this connection that are not committed yet; what an older one was told may come behind it. */
  rebases: readonly (Position & { readonly process: string })[];
  position: Position;
}

const NOWHERE: Position = { epoch: 0, pts: 0 };

export class Recording {
  readonly #recorder: HistoryRecorder;
  readonly tenantId: TenantId;
  /** Each once. */
  readonly heard = new Map<string, Heard>();
  readonly cards = new CardNotes();
  readonly modules = new ModuleNotes();
  readonly #devices = new Map<string, DeviceNotes>();
  /** The devices of the accounts, by their id on the server. */
  readonly #everybody = new Set<UserIndex>();
  readonly #byDeviceId = new Map<string, DeviceIndex>();
  readonly #nowMs: () => number;

  constructor({ tenantId, nowMs, recorder }: RecordingOptions) {
    this.tenantId = tenantId;
    this.#nowMs = nowMs;
    this.#recorder = recorder ?? new HistoryRecorder();
  }

  get history(): History {
    return this.#recorder.history;
  }

  addDevice(name: string, userId: UserId, deviceId: string): void {
    const index = this.#recorder.device(this.#user(userId), name);
    this.#everybody.add(this.#user(userId));
    this.#byDeviceId.set(deviceId, index);
    this.#devices.set(name, {
      index,
      userId,
      requests: new RequestNotes({
        recorder: this.#recorder,
        device: index,
        self: userId,
        user: (id) => this.#user(id),
        everybody: () => [...this.#everybody],
        conversation: (id) => this.#conversation(id),
        nowMs: this.#nowMs,
      }),
      pushed: new Map(),
      rebases: [],
      position: NOWHERE,
    });
  }

  // What the machines assign.

  memberJoined(
    conversationId: ConversationId,
    userId: UserId,
    lastSequence: number,
    firstVisible: number,
  ): void {
    const conversation = this.#conversation(conversationId);
    this.#recorder.memberJoined({ conversation, user: this.#user(userId), lastSequence, firstVisible });
  }

  memberLeft(conversationId: ConversationId, userId: UserId, lastSequence: number): void {
    const conversation = this.#conversation(conversationId);
    this.#recorder.memberLeft({ conversation, user: this.#user(userId), lastSequence });
  }

  trimmed(conversationId: ConversationId, firstVisible: number): void {
    this.#recorder.conversationTrimmed({ conversation: this.#conversation(conversationId), firstVisible });
  }

  /** `members`: in whose queues it belongs, when it belongs in any. */
  messagePlaced(message: Message, deviceId: string | undefined, members: Iterable<UserId> | undefined): void {
    this.#recorder.messagePlaced({
      conversation: this.#conversation(message.conversationId),
      sequence: message.sequence,
      messageId: message.messageId,
      sender: this.#user(message.senderId),
      device: deviceId === undefined ? undefined : this.#byDeviceId.get(deviceId),
      clientMessageId: message.clientMessageId,
      members:
        members === undefined
          ? undefined
          : this.#recorder.memberSet([...members].map((userId) => this.#user(userId))),
      audience: this.#audienceOf(message),
      isCountable: message.isCountable,
      content: messageContent(message),
    });
  }

  #audienceOf({ senderId, audience }: Message): MemberSetIndex | undefined {
    if (audience.length === 0) return undefined;
    return this.#recorder.memberSet(
      [...new Set([senderId, ...audience])].map((userId) => this.#user(userId)),
    );
  }

  messageChanged(message: Message): void {
    const { conversationId, sequence, revision, recall } = message;
    this.#recorder.messageChanged({
      conversation: this.#conversation(conversationId),
      sequence,
      revision,
      isRecalled: recall !== undefined,
      content: messageContent(message),
    });
  }

  /** `epoch` is that of the installation. */
  eventAssigned(userId: UserId, position: Position, event: Uint8Array): void {
    const { conversationId, ...facts } = eventFacts(decode(Event, event));
    this.#recorder.eventAssigned({
      ...facts,
      ...position,
      user: this.#user(userId),
      conversation: conversationId === undefined ? undefined : this.#conversation(conversationId),
    });
  }

  // What goes over a device's connection.

  /** A packet that a device has sent, or that has reached it; `process` when it has several. */
  packet(device: string, direction: Direction, packet: Uint8Array, process = ""): void {
    const notes = this.#devices.get(device);
    if (notes === undefined) return;
    const packed = packedIn(packet);
    readPacket(packed === undefined ? packet : inflateRawSync(packed.data), (frame) => {
      if (direction === "to-server") {
        if (frame.name === "hello")
          notes.rebases = notes.rebases.filter((rebase) => rebase.process !== process);
        notes.requests.sent(frame, process);
      } else {
        if (frame.name === "push" && frame.payload.conversationId === "") this.#pushed(notes, frame.payload);
        else if (frame.name === "push") this.#told(notes, frame.payload);
        else if (frame.name === "rebase" && frame.payload.conversationId === "")
          notes.rebases = [...notes.rebases, { ...frame.payload, process }];
        if (frame.name === "searchPage") this.#found(notes, frame.payload);
        notes.requests.reached(frame, process);
      }
    });
  }

  #pushed(notes: DeviceNotes, { epoch, firstPts, events }: FramePayload<"push">): void {
    if (epoch !== notes.position.epoch && notes.rebases.every((rebase) => rebase.epoch !== epoch)) return;
    for (const [index, bytes] of events.entries())
      notes.pushed.set(firstPts + index, eventFacts(decode(Event, bytes)).content);
  }

  /** What comes over topics shows in the entries and the messages; here only of which messages it tells. */
  #told({ userId }: DeviceNotes, { events }: FramePayload<"push">): void {
    for (const bytes of events) {
      const { message, changed } = decode(Event, bytes);
      const about = message ?? changed?.message;
      if (about === undefined) continue;
      const { conversationId, sequence } = about;
      this.heard.set(`${userId} ${conversationId} ${sequence}`, { userId, conversationId, sequence });
    }
  }

  #found({ index: device }: DeviceNotes, { hits }: FramePayload<"searchPage">): void {
    for (const { message } of hits) {
      if (message === undefined) continue;
      const conversation = this.#conversation(message.conversationId);
      this.#recorder.found({ device, conversation, ...seenMessage(message) });
    }
  }

  // What a device stores.

  /** A commit of the device's store is durable. */
  committed(device: string, changes: readonly Change[], process = ""): void {
    const notes = this.#devices.get(device);
    if (notes === undefined) return;
    // Shown are those that are left when the commit is done.
    const shown = new Map<string, Message>();
    for (const change of changes) {
      if (change.kind === "put-messages") {
        for (const message of change.messages)
          shown.set(`${message.conversationId} ${message.sequence}`, message);
      } else if (change.kind === "delete-messages") {
        for (const [key, { conversationId, sequence }] of shown) {
          const isGone =
            conversationId === change.conversationId && sequence >= change.first && sequence <= change.last;
          if (isGone) shown.delete(key);
        }
      }
    }
    for (const message of shown.values()) {
      const conversation = this.#conversation(message.conversationId);
      this.#recorder.shown({ device: notes.index, conversation, ...seenMessage(message) });
    }
    for (const change of changes) {
      if (change.kind === "position") this.#moved(notes, change.position, changes, process);
      else if (change.kind === "put-outbox" && change.item.failureCode !== "")
        notes.requests.gaveUp(change.item.clientMessageId, change.item.failureCode);
    }
  }

  #moved(notes: DeviceNotes, position: Position, changes: readonly Change[], process: string): void {
    const { index: device } = notes;
    const possible = notes.rebases.filter(
      (rebase) => rebase.process === process && rebase.epoch === position.epoch && rebase.pts <= position.pts,
    );
    const rebase = possible.find(({ pts }) => pts === position.pts) ?? possible.at(-1);
    let before = notes.position.pts;
    // What was pushed behind a Rebase may be committed together with it.
    if (rebase !== undefined) {
      notes.rebases = [];
      before = rebase.pts;
      const entries = changes.flatMap((change) =>
        change.kind === "put-entry"
          ? [
              {
                conversation: this.#conversation(change.entry.conversationId),
                lastSequence: change.entry.lastSequence,
              },
            ]
          : [],
      );
      this.#recorder.rebased({ device, epoch: rebase.epoch, pts: rebase.pts, entries });
    }
    for (let pts = before + 1; pts <= position.pts; pts++) {
      const content = notes.pushed.get(pts);
      if (content !== undefined) this.#recorder.eventApplied({ device, epoch: position.epoch, pts, content });
    }
    for (const pts of notes.pushed.keys()) if (pts <= position.pts) notes.pushed.delete(pts);
    notes.position = position;
    this.#recorder.positionStored({ device, ...position });
  }

  /** The device's process came back, with the position of its store. */
  restarted(device: string, position: Position): void {
    const notes = this.#devices.get(device);
    if (notes === undefined) return;
    notes.position = position;
    notes.pushed.clear();
    notes.rebases = [];
    this.#recorder.restarted({ device: notes.index, ...position });
  }

  // The end of the run.

  healed(): void {
    this.#recorder.healed(this.#nowMs());
  }

  drained(device: string, timeMs: number): void {
    this.#recorder.drained(this.#devices.get(device)!.index, timeMs);
  }

  /** What a device shows at the end. */
  looked(
    name: string,
    entries: readonly ConversationEntry[],
    messages: ReadonlyMap<ConversationId, readonly Message[]>,
  ): void {
    const device = this.#devices.get(name)!.index;
    for (const { conversationId, firstVisible, lastSequence, readSequence, unread, isMember } of entries) {
      const conversation = this.#conversation(conversationId);
      this.#recorder.entryShown({
        device,
        conversation,
        firstVisible,
        lastSequence,
        readSequence,
        unread,
        isMember,
      });
      const held = messages.get(conversationId);
      if (held !== undefined)
        this.#recorder.finalMessages({ device, conversation, messages: held.map(seenMessage) });
    }
  }

  #user(userId: UserId): UserIndex {
    return this.#recorder.user(this.tenantId, userId);
  }

  #conversation(conversationId: ConversationId): ConversationIndex {
    return this.#recorder.conversation(this.tenantId, conversationId);
  }
}
