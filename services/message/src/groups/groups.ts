/** Groups as their members see and change them: asked for here, decided by the conversation machine. */
import type {
  GroupCalls,
  GroupUpdate,
  GroupView,
  InstalledScenario,
  JoinAsk,
  MemberUpdate,
  MembersPage,
  MembersRequest,
  PeopleAmong,
  SendResult,
  Session,
} from "@parley/contracts";
import {
  type ConversationChange,
  type Verdict,
  HeadRow,
  JoinRequestRow,
  groupOf,
  infoOf,
  isOver,
  may,
  memberOf,
  refused,
} from "@parley/domain";
import { type Clock, Failure, type UlidSource } from "@parley/base";
import {
  type ConversationId,
  type JoinRequest,
  type MemberField,
  type Scenario,
  type UserId,
  ANSWERS_PER_REQUEST_MAX,
  GroupSettings,
  JOIN_REQUESTS_MAX,
  JoinRequest as JoinRequestSchema,
  countFitting,
  decode,
  encode,
  filled,
  textBody,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_HEAD,
  CONVERSATION_JOIN_REQUEST,
  CONVERSATION_MEMBER,
  conversationPartition,
} from "../conversation-tables.js";
import type { HistoryReader } from "../history.js";
import { badRequest, refusal, requireDone } from "../refusal.js";
import type { ReviewGate } from "../review/review-gate.js";
import {
  checkByScenario,
  checkedFields,
  checkedMember,
  checkedSettings,
  checkJoinText,
  checkRole,
} from "./group-checks.js";
import { MemberPages } from "./member-pages.js";

const NOBODY = "" as UserId;
const REQUESTED: GroupView = {
  info: undefined,
  memberCount: 0,
  membersRevision: 0,
  self: undefined,
  scenario: undefined,
  isRequested: true,
};

export interface GroupsOptions {
  readonly tables: WriteBackTables;
  readonly history: HistoryReader;
  readonly clock: Clock;
  readonly newMessageId: UlidSource;
  readonly scenarios: readonly InstalledScenario[];
  /** A group with more members is a large one. 0: never. */
  readonly sharedFrom: number;
  readonly review: ReviewGate | undefined;
  /** Refuses who is surely not a member, so that it costs no record. Errors: "not-a-member". */
  readonly refuseStranger: (session: Session, conversationId: ConversationId) => void;
  readonly submit: (
    session: Session,
    conversationId: ConversationId,
    change: ConversationChange,
  ) => Promise<Verdict>;
}

export class Groups implements GroupCalls {
  readonly #options: GroupsOptions;
  readonly #pages: MemberPages;
  readonly #scenarios: ReadonlyMap<string, InstalledScenario>;

  constructor(options: GroupsOptions) {
    this.#options = options;
    this.#pages = new MemberPages(options.tables, options.history);
    this.#scenarios = new Map(options.scenarios.map((each) => [each.declared.name, each]));
  }

  async get(session: Session, conversationId: ConversationId): Promise<GroupView> {
    const { head, member } = await this.#options.history.authorize(session, conversationId);
    if (head.isDirect) throw badRequest("A direct conversation is no group.");
    const { membersRevision, scenario } = groupOf(head);
    const { memberCount } = head;
    const self = memberOf(session.userId, member);
    return { info: infoOf(head), memberCount, membersRevision, self, scenario, isRequested: false };
  }

  async update(session: Session, update: GroupUpdate): Promise<void> {
    const { conversationId, names, scenario: name } = update;
    const settings = checkedSettings(filled(GroupSettings, update.settings ?? {}), names);
    const scenario = name === "" ? undefined : this.installed(name);
    this.#options.refuseStranger(session, conversationId);
    const said = [names.includes("title") && settings.title, names.includes("notice") && settings.notice];
    await this.reviewText(session, conversationId, said);
    const { userId: actorId } = session;
    const messageId = this.#messageId();
    await this.#ask(session, conversationId, { group: { actorId, names, settings, scenario, messageId } });
  }

  async updateMember(session: Session, { conversationId, names, member }: MemberUpdate): Promise<void> {
    const checked = checkedMember(member, names);
    this.#options.refuseStranger(session, conversationId);
    await this.reviewText(session, conversationId, [names.includes("nickname") && checked.nickname]);
    if (names.includes("fields") || names.includes("scenarioRole"))
      await this.checkFields(session, conversationId, checked.scenarioRole, checked.fields);
    const { userId: actorId } = session;
    const messageId = this.#messageId();
    await this.#ask(session, conversationId, { member: { actorId, names, member: checked, messageId } });
  }

  async join(session: Session, ask: JoinAsk): Promise<GroupView> {
    const { conversationId, text, scenarioRole } = ask;
    const { tables, sharedFrom } = this.#options;
    checkJoinText(text);
    const fields = checkedFields(ask.fields);
    const partition = conversationPartition({ tenantId: session.tenantId, conversationId });
    // Who tries ids costs no records.
    const value = await tables.find(CONVERSATION_HEAD, partition, []);
    const head = value && decode(HeadRow, value);
    if (head === undefined || head.isDirect) throw refusal(refused("not-a-member"));
    this.#checkFieldsIn(head, scenarioRole, fields);
    const { userId } = session;
    const messageId = this.#messageId();
    await this.#ask(session, conversationId, {
      join: { userId, text, scenarioRole, fields, messageId, sharedFrom },
    });
    const member = await tables.find(CONVERSATION_MEMBER, partition, [userId]);
    return member === undefined ? REQUESTED : this.get(session, conversationId);
  }

  async joinRequests(
    session: Session,
    { conversationId, after }: { readonly conversationId: ConversationId; readonly after: string },
  ): Promise<{ readonly requests: readonly JoinRequest[]; readonly next: UserId }> {
    const { tables, history, clock } = this.#options;
    const { key, head, member } = await history.authorize(session, conversationId);
    const nowMs = clock.nowMs();
    if (head.isDirect || !may("answer", head, member, nowMs)) throw refusal(refused("not-allowed"));
    const rows = await tables.range({
      table: CONVERSATION_JOIN_REQUEST,
      partition: conversationPartition(key),
      limit: JOIN_REQUESTS_MAX,
      ...(after === "" ? {} : { from: [`${after}\u0000`] }),
    });
    const waiting = rows.map((row) => decode(JoinRequestRow, row.value)).filter((row) => !isOver(row, nowMs));
    const count = countFitting(waiting.map((row) => encode(JoinRequestSchema, row).length));
    const requests = waiting.slice(0, count);
    return { requests, next: count < waiting.length ? (requests.at(-1)?.userId ?? NOBODY) : NOBODY };
  }

  async answerJoin(
    session: Session,
    answer: {
      readonly conversationId: ConversationId;
      readonly userIds: readonly UserId[];
      readonly isAccepted: boolean;
    },
  ): Promise<void> {
    const { conversationId, userIds, isAccepted } = answer;
    if (userIds.length === 0 || userIds.length > ANSWERS_PER_REQUEST_MAX)
      throw badRequest(`Answer 1 to ${ANSWERS_PER_REQUEST_MAX} requests at a time.`);
    const { refuseStranger, sharedFrom } = this.#options;
    refuseStranger(session, conversationId);
    const { userId: actorId } = session;
    const messageId = this.#messageId();
    const answerJoin = { actorId, userIds, isAccepted, messageId, sharedFrom };
    await this.#ask(session, conversationId, { answerJoin });
  }

  async dissolve(session: Session, conversationId: ConversationId): Promise<void> {
    this.#options.refuseStranger(session, conversationId);
    const dissolve = { actorId: session.userId, messageId: this.#messageId() };
    await this.#ask(session, conversationId, { dissolve });
  }

  members(session: Session, request: MembersRequest): Promise<MembersPage> {
    return this.#pages.read(session, request);
  }

  among(session: Session, conversationId: ConversationId): Promise<PeopleAmong> {
    return this.#pages.among(session, conversationId);
  }

  /** The declared data of an installed scenario. Errors: "bad-request". */
  installed(name: string): Scenario {
    const found = this.#scenarios.get(name);
    if (found === undefined) throw badRequest("There is no such scenario on this server.");
    return found.declared;
  }

  /** Asks the scenario of a group about the fields of a member. Errors: "bad-request". */
  async checkFields(
    { tenantId }: Session,
    conversationId: ConversationId,
    scenarioRole: string,
    fields: readonly MemberField[],
  ): Promise<void> {
    const partition = conversationPartition({ tenantId, conversationId });
    const head = await this.#options.tables.find(CONVERSATION_HEAD, partition, []);
    this.#checkFieldsIn(head && decode(HeadRow, head), scenarioRole, fields);
  }

  #checkFieldsIn(head: HeadRow | undefined, scenarioRole: string, fields: readonly MemberField[]): void {
    checkRole(scenarioRole);
    const { scenario } = head === undefined ? {} : groupOf(head);
    if (scenario === undefined) return;
    const role = scenarioRole || scenario.defaultRole;
    checkByScenario(this.#scenarios.get(scenario.name), role, fields);
  }

  /** What all see is reviewed too; it is not replaced but refused. Errors: "content-refused", "unavailable". */
  async reviewText(
    { tenantId, userId: senderId }: Session,
    conversationId: ConversationId,
    texts: readonly (string | false | undefined)[],
  ): Promise<void> {
    const { review } = this.#options;
    const said = texts.filter((text): text is string => Boolean(text));
    if (review === undefined || said.length === 0) return;
    const body = textBody(said.join("\n"));
    const passage = await review.pass({ tenantId, conversationId, senderId, body });
    if (passage.failure !== undefined) throw passage.failure;
    if (passage.isReplaced)
      throw new Failure("content-refused", "The review does not let this pass.", { retry: "after-change" });
  }

  #messageId(): SendResult["messageId"] {
    return this.#options.newMessageId() as SendResult["messageId"];
  }

  async #ask(session: Session, conversationId: ConversationId, change: ConversationChange): Promise<void> {
    const verdict = await this.#options.submit(session, conversationId, change);
    requireDone(verdict);
  }
}
