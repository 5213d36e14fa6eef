/**
 * The message service as others call it. The Receiver's checks here are an early refusal; the conversation machine's
 * verdict is the one that counts, and it is the answer: a send is acknowledged when its record is durable and the machine
 * has given it its place.
 */
import { createHash } from "node:crypto";
import type {
  AccountCalls,
  EditPage,
  EditRequest,
  EditsRequest,
  HistoryRequest,
  HistorySpan,
  MessageCalls,
  MessageRequest,
  SendRequest,
  SendResult,
  Session,
  SyncCalls,
} from "@parley/contracts";
import {
  type ConversationKey,
  type ConversationRecord,
  type Verdict,
  HeadRow,
  MemberRow,
  refused,
  senderKey,
} from "@parley/domain";
import { type Clock, Failure, type UlidSource } from "@parley/base";
import {
  type ConversationId,
  type Member,
  type UserId,
  DIRECTORY_PAGE_MAX,
  HIDE_MAX,
  MEMBERS_PER_REQUEST_MAX,
  TITLE_BYTES_MAX,
  decode,
  directConversationId,
  groupConversationId,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { checkedBody } from "./checked-body.js";
import type { ConversationStore } from "./conversation-store.js";
import { CONVERSATION_HEAD, CONVERSATION_MEMBER, conversationPartition } from "./conversation-tables.js";
import { HistoryReader, type SenderPage, type SenderRequest } from "./history.js";
import { MessageChanges } from "./message-changes.js";
import type { Processor } from "./processor.js";
import { badRequest, refusal } from "./refusal.js";

const MINUTE_MS = 60_000;
const EDIT_MINUTES = 24 * 60;
const RECALL_MINUTES = 2;

export interface MessageServiceOptions {
  readonly processor: Pick<Processor, "submit" | "isCurrent">;
  readonly store: ConversationStore;
  readonly tables: WriteBackTables;
  readonly sync: Pick<SyncCalls, "submit" | "hiddenSequences">;
  readonly accounts: Pick<AccountCalls, "findUsers">;
  readonly clock: Clock;
  readonly newMessageId: UlidSource;
  /** For how long its sender may edit a message; 0: for ever. Default 24 * 60. */
  readonly editMinutes?: number;
  /** For how long its sender may recall a message; 0: for ever. Default 2. */
  readonly recallMinutes?: number;
}

/** What a record does: one of the fields is set. */
type RecordChange = Partial<Omit<ConversationRecord, "tenantId" | "conversationId" | "timeMs">>;

export class MessageService implements MessageCalls {
  readonly #options: MessageServiceOptions;
  readonly #history: HistoryReader;
  readonly #changes: MessageChanges;

  constructor(options: MessageServiceOptions) {
    this.#options = options;
    this.#history = new HistoryReader(options.tables, options.sync);
    this.#changes = new MessageChanges({
      tables: options.tables,
      history: this.#history,
      sync: options.sync,
      editMs: (options.editMinutes ?? EDIT_MINUTES) * MINUTE_MS,
      recallMs: (options.recallMinutes ?? RECALL_MINUTES) * MINUTE_MS,
      refuseStranger: ({ tenantId, userId }, conversationId) => {
        if (this.#isNoMember({ tenantId, conversationId }, userId)) throw refusal(refused("not-a-member"));
      },
      submit: (session, conversationId, change) => this.#submit(session, conversationId, change),
    });
  }

  async send(session: Session, request: SendRequest): Promise<SendResult> {
    const { conversationId, clientMessageId, number } = request;
    const body = checkedBody(request.body);
    if (number < 1) throw badRequest("A send's number begins at 1.");
    // Nothing is awaited before the append: the order of calls is the order in the log.
    if (this.#isStranger(session, request)) throw refusal(refused("not-a-member"));
    const verdict = await this.#submit(session, conversationId, {
      send: {
        senderId: session.userId,
        deviceId: session.deviceId,
        number,
        clientMessageId,
        messageId: this.#options.newMessageId() as SendResult["messageId"],
        body,
      },
    });
    if (verdict.kind !== "sent") throw refusal(verdict);
    return { messageId: verdict.messageId, sequence: verdict.sequence, timeMs: verdict.timeMs };
  }

  async markRead(session: Session, conversationId: ConversationId, sequence: number): Promise<void> {
    const verdict = await this.#submit(session, conversationId, {
      read: { userId: session.userId, sequence },
    });
    if (verdict.kind === "refused") throw refusal(verdict);
  }

  async hide(session: Session, conversationId: ConversationId, sequences: readonly number[]): Promise<void> {
    if (sequences.length === 0 || sequences.length > HIDE_MAX)
      throw badRequest(`Hide 1 to ${HIDE_MAX} messages at a time.`);
    await this.#history.authorize(session, conversationId);
    const verdict = await this.#options.sync.submit(session, {
      tenantId: session.tenantId,
      timeMs: this.#options.clock.nowMs(),
      spreads: [],
      hide: { userId: session.userId, conversationId, sequences },
    });
    if (verdict.kind === "refused") throw refusal(verdict);
  }

  edit(session: Session, request: EditRequest): Promise<void> {
    return this.#changes.edit(session, request);
  }

  recall(session: Session, request: MessageRequest): Promise<void> {
    return this.#changes.recall(session, request);
  }

  edits(session: Session, request: EditsRequest): Promise<EditPage> {
    return this.#changes.edits(session, request);
  }

  async createDirect(session: Session, userId: UserId): Promise<ConversationId> {
    if (userId === session.userId) throw badRequest("A direct conversation needs another user.");
    await this.#requireUsers(session, [userId]);
    const conversationId = directConversationId(session.userId, userId);
    await this.#create(session, conversationId, {
      isDirect: true,
      title: "",
      userIds: [session.userId, userId],
      isHistoryOpen: true,
    });
    return conversationId;
  }

  async createGroup(
    session: Session,
    group: {
      readonly name: string;
      readonly title: string;
      readonly userIds: readonly UserId[];
      readonly isHistoryOpen: boolean;
    },
  ): Promise<ConversationId> {
    const title = group.title.trim();
    if (title === "" || Buffer.byteLength(title) > TITLE_BYTES_MAX) {
      throw badRequest(`A title has 1 to ${TITLE_BYTES_MAX} bytes.`);
    }
    if (group.name === "") throw badRequest("A group needs a name that is unique for this device.");
    const userIds = checkedUsers([session.userId, ...group.userIds]);
    await this.#requireUsers(session, userIds);
    // The same request again names the same group.
    const name = createHash("sha256")
      .update([session.tenantId, session.userId, session.deviceId, group.name].join("/"))
      .digest("hex");
    const conversationId = groupConversationId(name.slice(0, 24));
    await this.#create(session, conversationId, {
      isDirect: false,
      title,
      userIds,
      isHistoryOpen: group.isHistoryOpen,
    });
    return conversationId;
  }

  async changeMembers(
    session: Session,
    change: {
      readonly conversationId: ConversationId;
      readonly userIds: readonly UserId[];
      readonly isRemoval: boolean;
    },
  ): Promise<void> {
    const userIds = checkedUsers(change.userIds);
    if (!change.isRemoval) await this.#requireUsers(session, userIds);
    const verdict = await this.#submit(session, change.conversationId, {
      members: {
        actorId: session.userId,
        userIds,
        isRemoval: change.isRemoval,
        messageId: this.#options.newMessageId() as SendResult["messageId"],
      },
    });
    if (verdict.kind === "refused") throw refusal(verdict);
  }

  async listMembers(
    session: Session,
    page: { readonly conversationId: ConversationId; readonly after: string; readonly limit: number },
  ): Promise<{ readonly members: readonly Member[]; readonly memberCount: number; readonly next: string }> {
    const { head, key } = await this.#history.authorize(session, page.conversationId);
    const limit = Math.min(Math.max(1, page.limit || DIRECTORY_PAGE_MAX), DIRECTORY_PAGE_MAX);
    const rows = await this.#options.tables.range({
      table: CONVERSATION_MEMBER,
      partition: conversationPartition(key),
      limit,
      ...(page.after === "" ? {} : { from: [`${page.after}\u0000`] }),
    });
    const members = rows.map((row) => ({
      userId: row.sort[0] as UserId,
      role: decode(MemberRow, row.value).role as string,
    }));
    return {
      members,
      memberCount: head.memberCount,
      next: rows.length < limit ? "" : (members.at(-1)?.userId ?? ""),
    };
  }

  history(session: Session, request: HistoryRequest): Promise<HistorySpan> {
    return this.#history.page(session, request);
  }

  /** What one member of a group wrote. Errors: "not-a-member", "index-not-ready". */
  messagesBySender(session: Session, request: SenderRequest): Promise<SenderPage> {
    return this.#history.bySender(session, request);
  }

  digest(
    session: Session,
    span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
  ): Promise<{ readonly digest: number; readonly count: number }> {
    return this.#history.digest(session, span);
  }

  /** The row that the import needs: how many messages were brought in, or undefined when the group does not exist. */
  async findImportedCount(
    session: Pick<Session, "tenantId">,
    conversationId: ConversationId,
  ): Promise<number | undefined> {
    const partition = conversationPartition({ tenantId: session.tenantId, conversationId });
    const head = await this.#options.tables.find(CONVERSATION_HEAD, partition, []);
    return head === undefined ? undefined : decode(HeadRow, head).importedCount;
  }

  async #create(
    session: Session,
    conversationId: ConversationId,
    what: {
      readonly isDirect: boolean;
      readonly title: string;
      readonly userIds: readonly UserId[];
      readonly isHistoryOpen: boolean;
    },
  ): Promise<void> {
    const messageId = this.#options.newMessageId() as SendResult["messageId"];
    const verdict = await this.#submit(session, conversationId, {
      create: { creatorId: session.userId, ...what, messageId },
    });
    if (verdict.kind === "refused") throw refusal(verdict);
  }

  /**
   * Whether the machine would refuse this as a new send of somebody who is not a member, so that it costs no record. Only
   * when everything in the log is applied: the same send may be on its way there, behind a record that lets its author in.
   */
  #isStranger({ tenantId, userId, deviceId }: Session, { conversationId, number }: SendRequest): boolean {
    const key = { tenantId, conversationId };
    if (!this.#isNoMember(key, userId)) return false;
    const sender = this.#options.store.find(key)?.senders.get(senderKey(userId, deviceId));
    return sender !== undefined && number > sender.lastNumber;
  }

  /** Whether this is known from memory, and nothing in the log can make it a member any more. */
  #isNoMember(key: ConversationKey, userId: UserId): boolean {
    const { store, processor } = this.#options;
    const state = store.find(key);
    return state !== undefined && !state.members.has(userId) && processor.isCurrent(key);
  }

  #submit(session: Session, conversationId: ConversationId, change: RecordChange): Promise<Verdict> {
    const { processor, clock } = this.#options;
    return processor.submit({
      tenantId: session.tenantId,
      conversationId,
      timeMs: clock.nowMs(),
      create: change.create,
      send: change.send,
      read: change.read,
      members: change.members,
      history: change.history,
      trim: change.trim,
      keeping: change.keeping,
      edit: change.edit,
      recall: change.recall,
    });
  }

  async #requireUsers(session: Session, userIds: readonly UserId[]): Promise<void> {
    const users = await this.#options.accounts.findUsers(session.tenantId, userIds);
    const missing = userIds.filter((_, index) => users[index] === undefined);
    if (missing.length > 0) {
      throw new Failure("user-not-found", `There is no user ${missing.slice(0, 5).join(", ")}.`, {
        retry: "after-change",
      });
    }
  }
}

function checkedUsers(userIds: readonly UserId[]): readonly UserId[] {
  const unique = [...new Set(userIds)];
  if (unique.length === 0 || unique.length > MEMBERS_PER_REQUEST_MAX) {
    throw badRequest(`Name 1 to ${MEMBERS_PER_REQUEST_MAX} users at a time.`);
  }
  return unique;
}
