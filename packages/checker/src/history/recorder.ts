/**
 * Takes down what happens in a run, as cheap as a few writes into columns. Everything is said in the order in which it
 * happened, by one process. Of an operation, "invoked" is said first and then at most one of its ends; without an end its
 * outcome is unknown. What the servers' machines assign is said each time they do, after a replay again: the checker
 * holds them to the same.
 */
import { assert } from "@parley/base";
import type { ConversationId, TenantId, UserId } from "@parley/protocol";
import { NONE } from "./column.js";
import {
  EVENT_KINDS,
  type History,
  OPERATION_KINDS,
  type OperationKind,
  OUTCOME,
  SOURCE,
  STEP,
} from "./history.js";
import { type Draft, emptyHistory } from "./empty-history.js";
import type {
  AppliedEvent,
  AssignedEvent,
  ChangedMessage,
  ConversationIndex,
  DeviceIndex,
  DevicePosition,
  FinalMessages,
  HideInvocation,
  JoinedMember,
  MemberSetIndex,
  MembersInvocation,
  MembershipChange,
  OperationIndex,
  PageInvocation,
  PageSuccess,
  PlacedMessage,
  ReadInvocation,
  Rebase,
  SeenMessage,
  SendInvocation,
  SendSuccess,
  ShownEntry,
  ShownMessage,
  TrimmedConversation,
  UserIndex,
} from "./records.js";

export class HistoryRecorder {
  readonly #history: Draft = emptyHistory();
  readonly #indexes = new Map<string, number>();
  readonly #epochIndexes = new Map<number, number>();
  #step = 0;

  /** What was said so far; it grows with what is said later. */
  get history(): History {
    return this.#history;
  }

  user(tenantId: TenantId, userId: UserId): UserIndex {
    const { tenants, users } = this.#history;
    return this.#named(`user ${tenantId}/${userId}`, users, () => ({
      tenant: tenants.indexOf(tenantId),
      name: userId,
    })) as UserIndex;
  }

  /** A device keeps its index for as long as it keeps its store, over all its restarts. */
  device(user: UserIndex, name: string): DeviceIndex {
    return this.#named(`device ${user}/${name}`, this.#history.devices, () => ({
      user,
      name,
    })) as DeviceIndex;
  }

  conversation(tenantId: TenantId, conversationId: ConversationId): ConversationIndex {
    const { tenants, conversations } = this.#history;
    return this.#named(`conversation ${tenantId}/${conversationId}`, conversations, () => ({
      tenant: tenants.indexOf(tenantId),
      id: conversationId,
    })) as ConversationIndex;
  }

  /** Cost: grows with the users; keep the index for as long as the members stay the same. */
  memberSet(users: readonly UserIndex[]): MemberSetIndex {
    const sorted = users.toSorted((a, b) => a - b);
    return this.#named(
      `members ${sorted.join()}`,
      this.#history.memberSets,
      () => new Set(sorted),
    ) as MemberSetIndex;
  }

  // Operations of devices.

  /** A message was given to the device to send. It ends once, however often the device repeats it. */
  sendInvoked(send: SendInvocation): OperationIndex {
    const detail = this.#history.clientMessageIds.indexOf(send.clientMessageId);
    return this.#invoked("send", { ...send, detail });
  }

  sendOk(operation: OperationIndex, success: SendSuccess): void {
    this.#end(operation, OUTCOME.ok);
    const { operations, endedMs, messageIds } = this.#history;
    operations.message.set(operation, messageIds.indexOf(success.messageId));
    operations.sequence.set(operation, success.sequence);
    endedMs[operation] = success.timeMs;
  }

  hideInvoked(hide: HideInvocation): OperationIndex {
    return this.#invoked("hide", { ...hide, detail: this.#list(hide.sequences) });
  }

  readInvoked(read: ReadInvocation): OperationIndex {
    return this.#invoked("read", read);
  }

  /** A conversation is created with these users, the creator among them. */
  createInvoked(create: {
    readonly device: DeviceIndex;
    readonly users: readonly UserIndex[];
  }): OperationIndex {
    return this.#invoked("create", { device: create.device, detail: this.#list(create.users) });
  }

  createOk(operation: OperationIndex, conversation: ConversationIndex): void {
    this.#end(operation, OUTCOME.ok);
    this.#history.operations.conversation.set(operation, conversation);
  }

  membersInvoked(change: MembersInvocation): OperationIndex {
    return this.#invoked(change.isRemoval ? "remove" : "add", {
      ...change,
      detail: this.#list(change.users),
    });
  }

  /** A page of history is asked for from the server. */
  pageInvoked(page: PageInvocation): OperationIndex {
    return this.#invoked("page", page);
  }

  pageOk(operation: OperationIndex, page: PageSuccess): void {
    this.#end(operation, OUTCOME.ok);
    const { operations, pages, views } = this.#history;
    const place = {
      device: operations.device.at(operation),
      conversation: operations.conversation.at(operation),
    };
    operations.detail.set(operation, pages.at.length);
    pages.operation.push(operation);
    pages.first.push(page.first);
    pages.last.push(page.last);
    pages.firstVisible.push(page.firstVisible);
    pages.lastSequence.push(page.lastSequence);
    pages.view.push(views.at.length);
    pages.count.push(page.messages.length);
    pages.at.push(this.#step++);
    for (const message of page.messages) this.#view(SOURCE.page, place, message);
  }

  /** A hide, a reading or a change of members was confirmed. */
  ok(operation: OperationIndex): void {
    this.#end(operation, OUTCOME.ok);
  }

  /** The operation was refused for good: it certainly has no effect. An outcome that is not known is not said. */
  failed(operation: OperationIndex, code: string): void {
    this.#end(operation, OUTCOME.failed);
    this.#history.operations.message.set(operation, this.#history.codes.indexOf(code));
  }

  // What the machines of the servers assign.

  messagePlaced(message: PlacedMessage): void {
    const { placed, messageIds, clientMessageIds } = this.#history;
    placed.conversation.push(message.conversation);
    placed.sequence.push(message.sequence);
    placed.message.push(messageIds.indexOf(message.messageId));
    placed.sender.push(message.sender);
    placed.device.push(message.device ?? NONE);
    placed.clientMessageId.push(clientMessageIds.indexOf(message.clientMessageId));
    placed.members.push(message.members ?? NONE);
    placed.audience.push(message.audience ?? NONE);
    placed.isCountable.push(message.isCountable ? 1 : 0);
    placed.isImported.push(message.isImported === true ? 1 : 0);
    placed.content.push(message.content);
    placed.at.push(this.#step++);
  }

  memberJoined(member: JoinedMember): void {
    this.#membership(member, member.firstVisible);
  }

  memberLeft(member: MembershipChange): void {
    this.#membership(member, NONE);
  }

  conversationTrimmed({ conversation, firstVisible }: TrimmedConversation): void {
    const { trims } = this.#history;
    trims.conversation.push(conversation);
    trims.firstVisible.push(firstVisible);
    trims.at.push(this.#step++);
  }

  messageChanged(message: ChangedMessage): void {
    const { changes } = this.#history;
    changes.conversation.push(message.conversation);
    changes.sequence.push(message.sequence);
    changes.revision.push(message.revision);
    changes.isRecalled.push(message.isRecalled ? 1 : 0);
    changes.content.push(message.content);
    changes.at.push(this.#step++);
  }

  eventAssigned(event: AssignedEvent): void {
    const { assigned } = this.#history;
    assigned.user.push(event.user);
    assigned.epoch.push(this.#epoch(event.epoch));
    assigned.pts.push(event.pts);
    assigned.kind.push(EVENT_KINDS.indexOf(event.kind));
    assigned.conversation.push(event.conversation ?? NONE);
    assigned.sequence.push(event.sequence);
    assigned.list.push(event.sequences === undefined ? NONE : this.#list(event.sequences));
    assigned.content.push(event.content);
    assigned.at.push(this.#step++);
  }

  // What devices do with what comes.

  /** In the order of application; an event that is skipped as known already is not said. */
  eventApplied(event: AppliedEvent): void {
    this.#deviceStep(STEP.applied, event, event.content);
  }

  rebased(rebase: Rebase): void {
    const entries = rebase.entries.flatMap(({ conversation, lastSequence }) => [conversation, lastSequence]);
    this.#deviceStep(STEP.rebased, rebase, this.#list(entries));
  }

  /** The position is in the device's store, with all that it stands for. */
  positionStored(position: DevicePosition): void {
    this.#deviceStep(STEP.stored, position, NONE);
  }

  /** The device lost its memory and goes on from its store, with this position: (0, 0) when the store was lost too. */
  restarted(position: DevicePosition): void {
    this.#deviceStep(STEP.restarted, position, NONE);
  }

  /** The device shows a message to its user. */
  shown(message: ShownMessage): void {
    this.#view(SOURCE.shown, message, message);
  }

  /** A device was told of a message that it looked up or searched for; it may be hidden or gone meanwhile, and need not be kept. */
  found(message: ShownMessage): void {
    this.#view(SOURCE.found, message, message);
  }

  // The end of the run.

  /** The device has everything: it asked last after everybody had stopped. Not said: it could not. */
  drained(device: DeviceIndex, timeMs: number): void {
    this.#history.drainedMs.set(device, timeMs);
  }

  /** The device is not expected back: nothing is asked of it at the end. */
  gone(device: DeviceIndex): void {
    this.#history.gone.add(device);
  }

  entryShown(entry: ShownEntry): void {
    const { entries } = this.#history;
    entries.device.push(entry.device);
    entries.conversation.push(entry.conversation);
    entries.firstVisible.push(entry.firstVisible);
    entries.lastSequence.push(entry.lastSequence);
    entries.readSequence.push(entry.readSequence);
    entries.unread.push(entry.unread);
    entries.isMember.push(entry.isMember ? 1 : 0);
    entries.at.push(this.#step++);
  }

  /** Said once for each device and conversation in its list, also when it has none. */
  finalMessages(final: FinalMessages): void {
    const { finals, views } = this.#history;
    finals.device.push(final.device);
    finals.conversation.push(final.conversation);
    finals.view.push(views.at.length);
    finals.count.push(final.messages.length);
    finals.at.push(this.#step++);
    for (const message of final.messages) this.#view(SOURCE.final, final, message);
  }

  /** All faults have ended; from now on the devices have to catch up. */
  healed(timeMs: number): void {
    this.#history.healedMs = timeMs;
  }

  /** How full something is that has a limit. Cheap: only the worst value of each name is kept. */
  resource(name: string, value: number, max: number): void {
    const { resources } = this.#history;
    const worst = resources.get(name);
    if (worst === undefined || value - max > worst.value - worst.max) resources.set(name, { value, max });
  }

  #named<T>(key: string, known: T[], make: () => T): number {
    const found = this.#indexes.get(key);
    if (found !== undefined) return found;
    this.#indexes.set(key, known.length);
    return known.push(make()) - 1;
  }

  #invoked(
    kind: OperationKind,
    what: Partial<SendInvocation & { readonly detail: number; readonly sequence: number }> & {
      readonly device: DeviceIndex;
    },
  ): OperationIndex {
    const { operations, invokedMs, endedMs } = this.#history;
    operations.kind.push(OPERATION_KINDS.indexOf(kind));
    operations.device.push(what.device);
    operations.conversation.push(what.conversation ?? NONE);
    operations.outcome.push(OUTCOME.unknown);
    operations.endedAt.push(NONE);
    operations.detail.push(what.detail ?? NONE);
    operations.content.push(what.content ?? 0);
    operations.message.push(NONE);
    operations.sequence.push(what.sequence ?? 0);
    operations.at.push(this.#step++);
    endedMs.push(0);
    return (invokedMs.push(what.timeMs ?? 0) - 1) as OperationIndex;
  }

  #end(operation: OperationIndex, outcome: number): void {
    const { operations } = this.#history;
    assert(operations.outcome.at(operation) === OUTCOME.unknown, "an operation ends once");
    operations.outcome.set(operation, outcome);
    operations.endedAt.set(operation, this.#step++);
  }

  #list(values: readonly number[]): number {
    return this.#history.lists.push(values.slice()) - 1;
  }

  #epoch(epoch: number): number {
    const known = this.#epochIndexes.get(epoch);
    if (known !== undefined) return known;
    const index = this.#history.epochs.push(epoch) - 1;
    this.#epochIndexes.set(epoch, index);
    return index;
  }

  #membership(change: MembershipChange, firstVisible: number): void {
    const { membership } = this.#history;
    membership.conversation.push(change.conversation);
    membership.user.push(change.user);
    membership.lastSequence.push(change.lastSequence);
    membership.isMember.push(firstVisible === NONE ? 0 : 1);
    membership.firstVisible.push(firstVisible);
    membership.at.push(this.#step++);
  }

  #deviceStep(kind: number, position: DevicePosition, detail: number): void {
    const { steps } = this.#history;
    steps.kind.push(kind);
    steps.device.push(position.device);
    steps.epoch.push(this.#epoch(position.epoch));
    steps.pts.push(position.pts);
    steps.detail.push(detail);
    steps.at.push(this.#step++);
  }

  #view(
    source: number,
    place: { readonly device: number; readonly conversation: number },
    seen: SeenMessage,
  ): void {
    const { views, messageIds } = this.#history;
    views.source.push(source);
    views.device.push(place.device);
    views.conversation.push(place.conversation);
    views.sequence.push(seen.sequence);
    views.message.push(messageIds.indexOf(seen.messageId));
    views.content.push(seen.content);
    views.at.push(this.#step++);
  }
}
