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
  type OperationIndex,
  type UserIndex,
  contentOf,
  eventFacts,
  messageContent,
} from "@parley/checker";
import type { Change } from "@parley/client";
import {
  type ConversationEntry,
  type ConversationId,
  type Frame,
  type Message,
  type TenantId,
  type UserId,
  Event,
  decode,
  readPacket,
} from "@parley/protocol";
import type { Direction } from "./network.js";

interface Position {
  readonly epoch: number;
  readonly pts: number;
}

/** An operation that waits for its answer; sends are told by their client message id. */
interface Asked {
  readonly operation: OperationIndex;
  readonly isSend: boolean;
}

interface DeviceNotes {
  readonly index: DeviceIndex;
  readonly userId: UserId;
  /** By request id, of the connection under way. */
  readonly asked: Map<number, Asked>;
  readonly sends: Map<string, OperationIndex>;
  /** Groups that the device creates, by the name that it gave the request. */
  readonly creations: Map<string, OperationIndex>;
  /** Pushed events of the epoch under way, by PTS. */
  readonly pushed: Map<number, Content>;
  rebase: Position | undefined;
  position: Position;
}

const NOWHERE: Position = { epoch: 0, pts: 0 };

export class Recording {
  readonly #recorder = new HistoryRecorder();
  readonly #tenantId: TenantId;
  readonly #devices = new Map<string, DeviceNotes>();
  /** The devices of the accounts, by their id on the server. */
  readonly #byDeviceId = new Map<string, DeviceIndex>();
  readonly #ended = new Set<OperationIndex>();
  readonly #nowMs: () => number;

  constructor(tenantId: TenantId, nowMs: () => number) {
    this.#tenantId = tenantId;
    this.#nowMs = nowMs;
  }

  get history(): History {
    return this.#recorder.history;
  }

  addDevice(name: string, userId: UserId, deviceId: string): void {
    const index = this.#recorder.device(this.#user(userId), name);
    this.#byDeviceId.set(deviceId, index);
    this.#devices.set(name, {
      index,
      userId,
      asked: new Map(),
      sends: new Map(),
      creations: new Map(),
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
      if (direction === "to-server") this.#ask(notes, frame);
      else this.#answer(notes, frame);
    });
  }

  #ask(notes: DeviceNotes, frame: Frame): void {
    const device = notes.index;
    const recorder = this.#recorder;
    const note = (requestId: number, operation: OperationIndex): void =>
      void notes.asked.set(requestId, { operation, isSend: false });
    switch (frame.name) {
      case "hello":
        notes.asked.clear();
        notes.rebase = undefined;
        return;
      case "send": {
        const { conversationId, clientMessageId, body, requestId } = frame.payload;
        let operation = notes.sends.get(clientMessageId);
        if (operation === undefined) {
          operation = recorder.sendInvoked({
            device,
            conversation: this.#conversation(conversationId as ConversationId),
            clientMessageId,
            content: contentOf(body?.text?.text ?? ""),
            timeMs: this.#nowMs(),
          });
          notes.sends.set(clientMessageId, operation);
        }
        notes.asked.set(requestId, { operation, isSend: true });
        return;
      }
      case "hide": {
        const { requestId, sequences } = frame.payload;
        const conversation = this.#conversation(frame.payload.conversationId as ConversationId);
        note(requestId, recorder.hideInvoked({ device, conversation, sequences }));
        return;
      }
      case "markRead": {
        const { requestId, sequence } = frame.payload;
        const conversation = this.#conversation(frame.payload.conversationId as ConversationId);
        note(requestId, recorder.readInvoked({ device, conversation, sequence }));
        return;
      }
      case "createConversation": {
        const { requestId, name, userIds } = frame.payload;
        // The same name again, after an answer was lost, is the same request.
        let operation = notes.creations.get(name);
        if (operation === undefined || name === "") {
          const users = [notes.userId, ...userIds].map((userId) => this.#user(userId as UserId));
          operation = recorder.createInvoked({ device, users });
          notes.creations.set(name, operation);
        }
        note(requestId, operation);
        return;
      }
      case "changeMembers": {
        const { requestId, userIds, isRemoval } = frame.payload;
        const conversation = this.#conversation(frame.payload.conversationId as ConversationId);
        const users = userIds.map((userId) => this.#user(userId as UserId));
        note(requestId, recorder.membersInvoked({ device, conversation, users, isRemoval }));
        return;
      }
      case "getHistory": {
        const conversation = this.#conversation(frame.payload.conversationId as ConversationId);
        note(frame.payload.requestId, recorder.pageInvoked({ device, conversation }));
        return;
      }
      default:
    }
  }

  #answer(notes: DeviceNotes, frame: Frame): void {
    switch (frame.name) {
      case "push": {
        const { epoch, firstPts, events } = frame.payload;
        for (const [index, bytes] of events.entries())
          notes.pushed.set(firstPts + index, eventFacts(decode(Event, bytes)).content);
        if (epoch !== notes.position.epoch && notes.rebase?.epoch !== epoch) notes.pushed.clear();
        return;
      }
      case "rebase":
        notes.rebase = { epoch: frame.payload.epoch, pts: frame.payload.pts };
        return;
      case "sent": {
        const { requestId, messageId, sequence } = frame.payload;
        this.#end(notes, requestId, (operation) =>
          this.#recorder.sendOk(operation, { messageId, sequence, timeMs: this.#nowMs() }),
        );
        return;
      }
      case "conversationCreated": {
        const { requestId, conversationId } = frame.payload;
        const conversation = this.#conversation(conversationId as ConversationId);
        this.#end(notes, requestId, (operation) => this.#recorder.createOk(operation, conversation));
        return;
      }
      case "historyPage": {
        const { requestId, messages, ...page } = frame.payload;
        const seen = messages.map(seenMessage);
        this.#end(notes, requestId, (operation) =>
          this.#recorder.pageOk(operation, { ...page, messages: seen }),
        );
        return;
      }
      case "done":
        this.#end(notes, frame.payload.requestId, (operation) => this.#recorder.ok(operation));
        return;
      case "refused": {
        const { requestId, code, retry } = frame.payload;
        const isSend = notes.asked.get(requestId)?.isSend === true;
        // Of a send only what is final is an end: everything else is tried again, and may have been accepted before.
        const isFinal = retry !== "same" && code !== "too-early" && code !== "send-order";
        if (isSend && !isFinal) notes.asked.delete(requestId);
        else if (retry === "same") notes.asked.delete(requestId);
        else this.#end(notes, requestId, (operation) => this.#recorder.failed(operation, code));
        return;
      }
      default:
    }
  }

  #end(notes: DeviceNotes, requestId: number, end: (operation: OperationIndex) => void): void {
    const asked = notes.asked.get(requestId);
    if (asked === undefined) return;
    notes.asked.delete(requestId);
    // A send that is repeated is answered again.
    if (this.#ended.has(asked.operation)) return;
    this.#ended.add(asked.operation);
    end(asked.operation);
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
    for (const change of changes)
      if (change.kind === "position") this.#moved(notes, change.position, changes);
  }

  #moved(notes: DeviceNotes, position: Position, changes: readonly Change[]): void {
    const { rebase, index: device } = notes;
    if (rebase !== undefined && rebase.epoch === position.epoch && rebase.pts === position.pts) {
      notes.rebase = undefined;
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
      this.#recorder.rebased({ device, ...position, entries });
    } else {
      for (let pts = notes.position.pts + 1; pts <= position.pts; pts++) {
        const content = notes.pushed.get(pts);
        if (content !== undefined)
          this.#recorder.eventApplied({ device, epoch: position.epoch, pts, content });
      }
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
    notes.asked.clear();
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
    return this.#recorder.user(this.#tenantId, userId);
  }

  #conversation(conversationId: ConversationId): ConversationIndex {
    return this.#recorder.conversation(this.#tenantId, conversationId);
  }
}

function seenMessage(message: Message): { sequence: number; messageId: string; content: Content } {
  const { sequence, messageId } = message;
  return { sequence, messageId, content: messageContent(message) };
}
