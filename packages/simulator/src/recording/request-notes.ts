/** What one device asks the server, and what it is told, as operations of the checker's history. */
import {
  type Content,
  type ConversationIndex,
  type DeviceIndex,
  type HistoryRecorder,
  type OperationIndex,
  type UserIndex,
  NO_CONTENT,
  bodyContent,
  messageContent,
} from "@parley/checker";
import type { ConversationId, Frame, FramePayload, Message, UserId } from "@parley/protocol";

export interface RequestNotesOptions {
  readonly recorder: HistoryRecorder;
  readonly device: DeviceIndex;
  readonly self: UserId;
  readonly user: (userId: UserId) => UserIndex;
  readonly everybody: () => readonly UserIndex[];
  readonly conversation: (conversationId: ConversationId) => ConversationIndex;
  readonly nowMs: () => number;
}

interface Asked {
  readonly operation: OperationIndex;
  readonly isSend: boolean;
}

export class RequestNotes {
  readonly #options: RequestNotesOptions;
  /** By request id, of the connection under way of each process of the device. */
  readonly #askedBy = new Map<string, Map<number, Asked>>();
  #asked = new Map<number, Asked>();
  readonly #sends = new Map<string, OperationIndex>();
  /** Groups that the device creates, by the name that it gave the request. */
  readonly #creations = new Map<string, OperationIndex>();
  readonly #ended = new Set<OperationIndex>();

  constructor(options: RequestNotesOptions) {
    this.#options = options;
  }

  /** One of its processes has sent a frame. */
  sent(frame: Frame, process: string): void {
    this.#asked = this.#askedBy.get(process) ?? new Map<number, Asked>();
    this.#askedBy.set(process, this.#asked);
    const { recorder, device, conversation, user } = this.#options;
    if (frame.name === "hello") this.#asked.clear();
    else if (frame.name === "send") this.#send(frame.payload);
    else if (frame.name === "createConversation") this.#create(frame.payload);
    else if (frame.name === "hide") {
      const { requestId, conversationId, sequences } = frame.payload;
      const hide = { device, conversation: conversation(conversationId), sequences };
      this.#ask(requestId, recorder.hideInvoked(hide));
    } else if (frame.name === "markRead") {
      const { requestId, conversationId, sequence } = frame.payload;
      const read = { device, conversation: conversation(conversationId), sequence };
      this.#ask(requestId, recorder.readInvoked(read));
    } else if (frame.name === "changeMembers") {
      const { requestId, conversationId, userIds, isRemoval } = frame.payload;
      const users = userIds.map((userId) => user(userId));
      const change = { device, conversation: conversation(conversationId), users, isRemoval };
      this.#ask(requestId, recorder.membersInvoked(change));
    } else if (frame.name === "join") {
      const { requestId, conversationId } = frame.payload;
      const users = [user(this.#options.self)];
      const change = { device, conversation: conversation(conversationId), users, isRemoval: false };
      this.#ask(requestId, recorder.membersInvoked(change));
    } else if (frame.name === "answerJoin" && frame.payload.isAccepted) {
      // Those who ask no longer are passed over: whether they are in is never known from here.
      const { conversationId, userIds } = frame.payload;
      const users = userIds.map((userId) => user(userId));
      recorder.membersInvoked({
        device,
        conversation: conversation(conversationId),
        users,
        isRemoval: false,
      });
    } else if (frame.name === "dissolve") {
      const { requestId, conversationId } = frame.payload;
      const users = this.#options.everybody();
      const change = { device, conversation: conversation(conversationId), users, isRemoval: true };
      this.#ask(requestId, recorder.membersInvoked(change));
    } else if (frame.name === "getHistory") {
      const { requestId, conversationId } = frame.payload;
      this.#ask(requestId, recorder.pageInvoked({ device, conversation: conversation(conversationId) }));
    }
  }

  /** A frame has reached one of its processes. */
  reached(frame: Frame, process: string): void {
    this.#asked = this.#askedBy.get(process) ?? new Map<number, Asked>();
    const { recorder, device, conversation, nowMs } = this.#options;
    if (frame.name === "sent") {
      const { requestId, messageId, sequence } = frame.payload;
      this.#end(requestId, (operation) =>
        recorder.sendOk(operation, { messageId, sequence, timeMs: nowMs() }),
      );
    } else if (frame.name === "conversationCreated") {
      const { requestId, conversationId } = frame.payload;
      this.#end(requestId, (operation) => recorder.createOk(operation, conversation(conversationId)));
    } else if (frame.name === "historyPage") {
      const { requestId, messages, ...page } = frame.payload;
      this.#end(requestId, (operation) =>
        recorder.pageOk(operation, { ...page, messages: messages.map(seenMessage) }),
      );
    } else if (frame.name === "messages" || frame.name === "mentionPage") {
      for (const message of frame.payload.messages)
        recorder.found({
          device,
          conversation: conversation(message.conversationId),
          ...seenMessage(message),
        });
    } else if (frame.name === "group") {
      const { requestId, isRequested } = frame.payload;
      this.#end(requestId, (operation) =>
        isRequested ? recorder.failed(operation, "requested") : recorder.ok(operation),
      );
    } else if (frame.name === "done")
      this.#end(frame.payload.requestId, (operation) => recorder.ok(operation));
    else if (frame.name === "refused") this.#refused(frame.payload);
  }

  /** The device shows a message as failed. A refusal that it has not stored does not count: it sends again. */
  gaveUp(clientMessageId: string, code: string): void {
    const operation = this.#sends.get(clientMessageId);
    if (operation === undefined || this.#ended.has(operation)) return;
    this.#ended.add(operation);
    this.#options.recorder.failed(operation, code);
  }

  /** However often it is repeated, a message is one operation. */
  #send({ requestId, conversationId, clientMessageId, body, forward }: FramePayload<"send">): void {
    const { recorder, device, conversation, nowMs } = this.#options;
    let operation = this.#sends.get(clientMessageId);
    if (operation === undefined) {
      operation = recorder.sendInvoked({
        device,
        conversation: conversation(conversationId),
        clientMessageId,
        content: forward === undefined ? bodyContent(body) : NO_CONTENT,
        timeMs: nowMs(),
      });
      this.#sends.set(clientMessageId, operation);
    }
    this.#asked.set(requestId, { operation, isSend: true });
  }

  /** The same name again, after an answer was lost, is the same request. */
  #create({ requestId, name, userIds }: FramePayload<"createConversation">): void {
    const { recorder, device, self, user } = this.#options;
    let operation = name === "" ? undefined : this.#creations.get(name);
    if (operation === undefined) {
      operation = recorder.createInvoked({ device, users: [self, ...userIds].map((userId) => user(userId)) });
      if (name !== "") this.#creations.set(name, operation);
    }
    this.#ask(requestId, operation);
  }

  /** What is refused for now is tried again; of a send only the device's store says that it has failed. */
  #refused({ requestId, code, retry }: FramePayload<"refused">): void {
    const isSend = this.#asked.get(requestId)?.isSend === true;
    if (retry === "same" || isSend) this.#asked.delete(requestId);
    else this.#end(requestId, (operation) => this.#options.recorder.failed(operation, code));
  }

  #ask(requestId: number, operation: OperationIndex): void {
    this.#asked.set(requestId, { operation, isSend: false });
  }

  #end(requestId: number, end: (operation: OperationIndex) => void): void {
    const asked = this.#asked.get(requestId);
    if (asked === undefined) return;
    this.#asked.delete(requestId);
    // What is repeated is answered again.
    if (this.#ended.has(asked.operation)) return;
    this.#ended.add(asked.operation);
    end(asked.operation);
  }
}

export function seenMessage(message: Message): {
  readonly sequence: number;
  readonly messageId: string;
  readonly content: Content;
} {
  const { sequence, messageId } = message;
  return { sequence, messageId, content: messageContent(message) };
}
