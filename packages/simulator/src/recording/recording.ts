/**
 * Takes down a run for the checker: what the machines assign (from the logs), what devices ask and are told (from their
 * connections), what they store and show (from their stores).
 */
import {
  type Content,
  type ConversationIndex,
  type DeviceIndex,
  type History,
  HistoryRecorder,
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
  readPacket,
} from "@parley/protocol";
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

interface DeviceNotes {
  readonly index: DeviceIndex;
  readonly requests: RequestNotes;
  /** Pushed events of the epoch under way, by PTS. */
  readonly pushed: Map<number, Content>;
  rebase: Position | undefined;
  position: Position;
}

const NOWHERE: Position = { epoch: 0, pts: 0 };

export class Recording {
  readonly #recorder: HistoryRecorder;
  readonly tenantId: TenantId;
  readonly #devices = new Map<string, DeviceNotes>();
  /** The devices of the accounts, by their id on the server. */
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
    this.#byDeviceId.set(deviceId, index);
    this.#devices.set(name, {
      index,
      requests: new RequestNotes({
        recorder: this.#recorder,
        device: index,
        self: userId,
        user: (id) => this.#user(id),
        conversation: (id) => this.#conversation(id),
        nowMs: this.#nowMs,
      }),
      pushed: new Map(),
      rebase: undefined,
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

  messagePlaced(message: Message, deviceId: string | undefined, members: Iterable<UserId>): void {
    this.#recorder.messagePlaced({
      conversation: this.#conversation(message.conversationId),
      sequence: message.sequence,
      messageId: message.messageId,
      sender: this.#user(message.senderId),
      device: deviceId === undefined ? undefined : this.#byDeviceId.get(deviceId),
      clientMessageId: message.clientMessageId,
      members: this.#recorder.memberSet([...members].map((userId) => this.#user(userId))),
      isCountable: message.isCountable,
      content: messageContent(message),
    });
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

  /** A packet that a device has sent, or that has reached it. */
  packet(device: string, direction: Direction, packet: Uint8Array): void {
    const notes = this.#devices.get(device);
    if (notes === undefined) return;
    readPacket(packet, (frame) => {
      if (direction === "to-server") {
        if (frame.name === "hello") notes.rebase = undefined;
        notes.requests.sent(frame);
      } else {
        if (frame.name === "push") this.#pushed(notes, frame.payload);
        else if (frame.name === "rebase") notes.rebase = frame.payload;
        notes.requests.reached(frame);
      }
    });
  }

  #pushed(notes: DeviceNotes, { epoch, firstPts, events }: FramePayload<"push">): void {
    if (epoch !== notes.position.epoch && epoch !== notes.rebase?.epoch) return;
    for (const [index, bytes] of events.entries())
      notes.pushed.set(firstPts + index, eventFacts(decode(Event, bytes)).content);
  }

  // What a device stores.

  /** A commit of the device's store is durable. */
  committed(device: string, changes: readonly Change[]): void {
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
      if (change.kind === "position") this.#moved(notes, change.position, changes);
      else if (change.kind === "put-outbox" && change.item.failureCode !== "")
        notes.requests.gaveUp(change.item.clientMessageId, change.item.failureCode);
    }
  }

  #moved(notes: DeviceNotes, position: Position, changes: readonly Change[]): void {
    const { rebase, index: device } = notes;
    let before = notes.position.pts;
    // What was pushed behind a Rebase may be committed together with it.
    if (rebase !== undefined && rebase.epoch === position.epoch && rebase.pts <= position.pts) {
      notes.rebase = undefined;
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
    notes.rebase = undefined;
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
