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
  MediaClaims,
  MentionsAnswer,
  MentionsRequest,
  InstalledScenario,
  MessageCalls,
  MessageRequest,
  PinPage,
  PinRequest,
  PinsRequest,
  ReactionPage,
  ReactionsRequest,
  ReactRequest,
  ReadCountList,
  ReadCountsRequest,
  ReaderPage,
  ReadersRequest,
  MessagesAnswer,
  MessagesRequest,
  SearchPage,
  SearchRequest,
  SendRequest,
  SendResult,
  Session,
  SyncCalls,
} from "@parley/contracts";
import {
  type ConversationChange,
  type ConversationKey,
  type Verdict,
  CreateRecord,
  HeadRow,
  conversationRecord,
  refused,
  senderKey,
} from "@parley/domain";
import { type Clock, Failure, type UlidSource } from "@parley/base";
import {
  type ConversationId,
  type User,
  type GroupSettings,
  type MemberField,
  type Scenario,
  type UserId,
  HIDE_MAX,
  MEMBERS_PER_REQUEST_MAX,
  MESSAGES_PER_REQUEST_MAX,
  decode,
  directConversationId,
  filled,
  groupConversationId,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { Cards } from "./cards/cards.js";
import type { ConversationStore } from "./conversation-store.js";
import { CONVERSATION_HEAD, conversationPartition } from "./conversation-tables.js";
import { checkedFields, checkedSettings, checkedTitle, settingsAtFirst } from "./groups/group-checks.js";
import { Groups, type GroupsOptions } from "./groups/groups.js";
import { HistoryReader, type SenderPage, type SenderRequest } from "./history.js";
import { Mentions } from "./mentions.js";
import { MessageChanges } from "./message-changes.js";
import { MessageStates, type MessageStatesOptions } from "./message-states.js";
import type { Processor } from "./processor.js";
import type { ReadIndexes } from "./read-indexes.js";
import { Readers } from "./readers.js";
import { badRequest, refusal, requireDone } from "./refusal.js";
import { Sends } from "./sends.js";
import { MessageSearch } from "./search/message-search.js";
import type { BudgetOptions } from "./search/search-budget.js";
import type { Spreading } from "./spreading.js";
import type { ReviewGate } from "./review/review-gate.js";
import { Typing } from "./typing.js";

const MINUTE_MS = 60_000;
const EDIT_MINUTES = 24 * 60;
const RECALL_MINUTES = 2;
const NOBODY = "" as UserId;
/** Groups with more members share a topic. */
export const SHARED_FROM_MEMBERS = 200;

export interface MessageServiceOptions {
  readonly processor: Pick<Processor, "submit" | "isCurrent">;
  readonly store: ConversationStore;
  readonly spreading: Pick<Spreading, "windowMs">;
  readonly readIndexes: ReadIndexes;
  readonly tables: WriteBackTables;
  readonly sync: Pick<SyncCalls, "submit" | "hiddenSequences" | "mentionPlaces" | "listConversations">;
  readonly accounts: Pick<AccountCalls, "findUsers">;
  readonly clock: Clock;
  readonly newMessageId: UlidSource;
  /** Without it files are refused. */
  readonly media?: MediaClaims;
  /** For how long its sender may edit a message; 0: for ever. Default 24 * 60. */
  readonly editMinutes?: number;
  /** For how long its sender may recall a message; 0: for ever. Default 2. */
  readonly recallMinutes?: number;
  /** A group with more members is a large one, from then on. 0: never. Default 200. */
  readonly sharedFromMembers?: number;
  /** What one request of a search may cost. */
  readonly searchBudget?: BudgetOptions;
  /** Kinds of groups that can be made. */
  readonly scenarios?: readonly InstalledScenario[];
  /** Looks at contents before they are said. */
  readonly review?: ReviewGate;
}

export class MessageService implements MessageCalls {
  readonly #options: MessageServiceOptions;
  readonly #history: HistoryReader;
  readonly #sends: Sends;
  readonly #changes: MessageChanges;
  readonly #mentions: Mentions;
  readonly #search: MessageSearch;
  readonly #states: MessageStates;
  readonly #readers: Readers;
  readonly #typing: Typing;
  readonly groups: Groups;
  readonly cards: Cards;

  constructor(options: MessageServiceOptions) {
    this.#options = options;
    this.#history = new HistoryReader(options.tables, options.sync);
    const asking: Pick<GroupsOptions, "refuseStranger" | "submit"> = {
      refuseStranger: ({ tenantId, userId }, conversationId) => {
        if (this.#isNoMember({ tenantId, conversationId }, userId)) throw refusal(refused("not-a-member"));
      },
      submit: (session, conversationId, change) => this.#submit(session, conversationId, change),
    };
    const reading = { tables: options.tables, history: this.#history };
    this.#sends = new Sends({
      ...options,
      history: this.#history,
      refuseStranger: (session, request) => {
        if (this.#isStranger(session, request)) throw refusal(refused("not-a-member"));
      },
      submit: asking.submit,
    });
    this.#mentions = new Mentions(this.#history, options.sync);
    this.#search = new MessageSearch({
      ...reading,
      sync: options.sync,
      clock: options.clock,
      changes: options.store.chunkChanges,
      budget: options.searchBudget ?? {},
    });
    this.#changes = new MessageChanges({
      ...reading,
      editMs: (options.editMinutes ?? EDIT_MINUTES) * MINUTE_MS,
      recallMs: (options.recallMinutes ?? RECALL_MINUTES) * MINUTE_MS,
      ...asking,
      review: options.review,
    });
    this.groups = new Groups({
      ...asking,
      ...reading,
      clock: options.clock,
      newMessageId: options.newMessageId,
      scenarios: options.scenarios ?? [],
      sharedFrom: this.#sharedFrom,
      review: options.review,
    });
    const states: MessageStatesOptions = {
      ...reading,
      windowMs: ({ tenantId }, conversationId) => options.spreading.windowMs({ tenantId, conversationId }),
      submit: asking.submit,
    };
    this.#states = new MessageStates(states);
    this.cards = new Cards({ ...states, review: options.review });
    this.#readers = new Readers(options.readIndexes, this.#history);
    this.#typing = new Typing({ ...reading, clock: options.clock });
  }

  get #sharedFrom(): number {
    return this.#options.sharedFromMembers ?? SHARED_FROM_MEMBERS;
  }

  send(session: Session, request: SendRequest): Promise<SendResult> {
    return this.#sends.send(session, request);
  }

  async markRead(session: Session, conversationId: ConversationId, sequence: number): Promise<void> {
    const { tenantId, userId } = session;
    const windowMs = this.#options.spreading.windowMs({ tenantId, conversationId });
    const verdict = await this.#submit(session, conversationId, { read: { userId, sequence, windowMs } });
    requireDone(verdict);
  }

  async hide(session: Session, conversationId: ConversationId, sequences: readonly number[]): Promise<void> {
    if (sequences.length === 0 || sequences.length > HIDE_MAX)
      throw badRequest(`Hide 1 to ${HIDE_MAX} messages at a time.`);
    const { firstVisible, lastSequence } = await this.#history.authorize(session, conversationId);
    const verdict = await this.#options.sync.submit(session, {
      tenantId: session.tenantId,
      timeMs: this.#options.clock.nowMs(),
      spreads: [],
      hide: { userId: session.userId, conversationId, sequences, firstVisible, lastSequence },
      settings: undefined,
      pin: undefined,
    });
    requireDone(verdict);
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

  react(session: Session, request: ReactRequest): Promise<void> {
    return this.#states.react(session, request);
  }

  reactions(session: Session, request: ReactionsRequest): Promise<ReactionPage> {
    return this.#states.reactions(session, request);
  }

  pin(session: Session, request: PinRequest): Promise<void> {
    return this.#states.pin(session, request);
  }

  pins(session: Session, request: PinsRequest): Promise<PinPage> {
    return this.#states.pins(session, request);
  }

  readers(session: Session, request: ReadersRequest): Promise<ReaderPage> {
    return this.#readers.readers(session, request);
  }

  readCounts(session: Session, request: ReadCountsRequest): Promise<ReadCountList> {
    return this.#readers.readCounts(session, request);
  }

  async createDirect(session: Session, userId: UserId): Promise<ConversationId> {
    if (userId === session.userId) throw badRequest("A direct conversation needs another user.");
    const users = await this.#requireUsers(session, [session.userId, userId]);
    const conversationId = directConversationId(session.userId, userId);
    await this.#create(session, conversationId, {
      isDirect: true,
      title: "",
      userIds: [session.userId, userId],
      isHistoryOpen: true,
      systemId: users.find(({ isSystem }) => isSystem)?.userId ?? NOBODY,
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
      readonly settings?: GroupSettings | undefined;
      readonly scenario?: string;
    },
  ): Promise<ConversationId> {
    const title = checkedTitle(group.title);
    const scenario = group.scenario ? this.groups.installed(group.scenario) : undefined;
    const first = settingsAtFirst(group.settings, scenario);
    const { title: _title, ...given } = first ?? {};
    const settings = first && checkedSettings(first, Object.keys(given));
    await this.groups.reviewText(session, "" as ConversationId, [title, settings?.notice]);
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
      isHistoryOpen: group.isHistoryOpen || settings?.isHistoryOpen === true,
      settings,
      scenario,
      systemId: NOBODY,
    });
    return conversationId;
  }

  async changeMembers(
    session: Session,
    change: {
      readonly conversationId: ConversationId;
      readonly userIds: readonly UserId[];
      readonly isRemoval: boolean;
      readonly scenarioRole?: string;
      readonly fields?: readonly MemberField[];
    },
  ): Promise<void> {
    const userIds = checkedUsers(change.userIds);
    const { scenarioRole = "" } = change;
    const fields = checkedFields(change.fields ?? []);
    if (fields.length > 0 && userIds.length > 1) throw badRequest("Add one user with fields at a time.");
    if (!change.isRemoval) {
      await this.#requireUsers(session, userIds);
      await this.groups.checkFields(session, change.conversationId, scenarioRole, fields);
    }
    const verdict = await this.#submit(session, change.conversationId, {
      members: {
        actorId: session.userId,
        userIds,
        isRemoval: change.isRemoval,
        messageId: this.#options.newMessageId() as SendResult["messageId"],
        sharedFrom: this.#sharedFrom,
        scenarioRole,
        fields,
      },
    });
    requireDone(verdict);
  }

  history(session: Session, request: HistoryRequest): Promise<HistorySpan> {
    return this.#history.page(session, request);
  }

  /** What one member of a group wrote. Errors: "not-a-member", "index-not-ready". */
  messagesBySender(session: Session, request: SenderRequest): Promise<SenderPage> {
    return this.#history.bySender(session, request);
  }

  async messages(session: Session, request: MessagesRequest): Promise<MessagesAnswer> {
    const { length } = request.sequences;
    if (length === 0 || length > MESSAGES_PER_REQUEST_MAX)
      throw badRequest(`Ask for 1 to ${MESSAGES_PER_REQUEST_MAX} messages at a time.`);
    return this.#history.messages(session, request);
  }

  mentions(session: Session, request: MentionsRequest): Promise<MentionsAnswer> {
    return this.#mentions.list(session, request);
  }

  search(session: Session, request: SearchRequest): Promise<SearchPage> {
    return this.#search.search(session, request);
  }

  typingAudience(session: Session, conversationId: ConversationId): Promise<readonly UserId[]> {
    return this.#typing.audience(session, conversationId);
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
      readonly systemId: UserId;
      readonly settings?: GroupSettings | undefined;
      readonly scenario?: Scenario | undefined;
    },
  ): Promise<void> {
    const messageId = this.#options.newMessageId() as SendResult["messageId"];
    const verdict = await this.#submit(session, conversationId, {
      create: filled(CreateRecord, {
        creatorId: session.userId,
        ...what,
        messageId,
        sharedFrom: this.#sharedFrom,
      }),
    });
    requireDone(verdict);
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

  #submit(session: Session, conversationId: ConversationId, change: ConversationChange): Promise<Verdict> {
    const { processor, clock } = this.#options;
    const key = { tenantId: session.tenantId, conversationId };
    return processor.submit(conversationRecord(key, clock.nowMs(), change));
  }

  async #requireUsers(session: Session, userIds: readonly UserId[]): Promise<readonly User[]> {
    const users = await this.#options.accounts.findUsers(session.tenantId, userIds);
    const missing = userIds.filter((_, index) => users[index] === undefined);
    if (missing.length > 0) {
      throw new Failure("user-not-found", `There is no user ${missing.slice(0, 5).join(", ")}.`, {
        retry: "after-change",
      });
    }
    return users as readonly User[];
  }
}

function checkedUsers(userIds: readonly UserId[]): readonly UserId[] {
  const unique = [...new Set(userIds)];
  if (unique.length === 0 || unique.length > MEMBERS_PER_REQUEST_MAX) {
    throw badRequest(`Name 1 to ${MEMBERS_PER_REQUEST_MAX} users at a time.`);
  }
  return unique;
}
