/**
 * A recorder for a run whose assignments become known only when it is over, from the servers' logs. They are told first
 * and wait; then what devices did is told, and each assignment is taken down just before the first thing that shows it.
 * That is the latest it can have happened: what has to be after it is, and what was before it may have been.
 *
 *   conversation  placed 1 ─ placed 2 ─ joined ─ placed 3 …      acknowledged 2, page to 2, shown 2: taken down to 2
 *   user          PTS 1 ─ PTS 2 ─ PTS 3 …                        applied 1, rebased to 1: to 1, with what PTS 1 is of
 */
import { HistoryRecorder } from "./recorder.js";
import type {
  AppliedEvent,
  AssignedEvent,
  ChangedMessage,
  ConversationIndex,
  DevicePosition,
  JoinedMember,
  MembershipChange,
  OperationIndex,
  PageSuccess,
  PlacedMessage,
  Rebase,
  SendSuccess,
  ShownMessage,
  TrimmedConversation,
} from "./records.js";

/** What waits to be taken down, in the order of its log; `next` is the first that does. */
interface Line {
  readonly items: { readonly at: number; readonly take: () => void }[];
  next: number;
}

export class LateAssignments extends HistoryRecorder {
  /** By the conversation's index, along its sequences. */
  readonly #conversations = new Map<number, Line>();
  /** By the user's index, along its PTS. */
  readonly #users = new Map<number, Line>();

  override messagePlaced(message: PlacedMessage): void {
    const take = (): void => super.messagePlaced(message);
    lineOf(this.#conversations, message.conversation).items.push({ at: message.sequence, take });
  }

  override memberJoined(member: JoinedMember): void {
    const take = (): void => super.memberJoined(member);
    lineOf(this.#conversations, member.conversation).items.push({ at: member.lastSequence, take });
  }

  override memberLeft(member: MembershipChange): void {
    const take = (): void => super.memberLeft(member);
    lineOf(this.#conversations, member.conversation).items.push({ at: member.lastSequence, take });
  }

  override conversationTrimmed(trim: TrimmedConversation): void {
    const take = (): void => super.conversationTrimmed(trim);
    lineOf(this.#conversations, trim.conversation).items.push({ at: trim.firstVisible, take });
  }

  override messageChanged(message: ChangedMessage): void {
    const take = (): void => super.messageChanged(message);
    lineOf(this.#conversations, message.conversation).items.push({ at: message.sequence, take });
  }

  override eventAssigned(event: AssignedEvent): void {
    const take = (): void => {
      if (event.conversation !== undefined) this.#reach(event.conversation, event.sequence);
      super.eventAssigned(event);
    };
    lineOf(this.#users, event.user).items.push({ at: event.pts, take });
  }

  override sendOk(operation: OperationIndex, success: SendSuccess): void {
    this.#reach(this.history.operations.conversation.at(operation), success.sequence);
    super.sendOk(operation, success);
  }

  override createOk(operation: OperationIndex, conversation: ConversationIndex): void {
    this.#reach(conversation, 0);
    super.createOk(operation, conversation);
  }

  override pageOk(operation: OperationIndex, page: PageSuccess): void {
    this.#reach(this.history.operations.conversation.at(operation), page.lastSequence);
    super.pageOk(operation, page);
  }

  override eventApplied(event: AppliedEvent): void {
    this.#reachPosition(event);
    super.eventApplied(event);
  }

  override rebased(rebase: Rebase): void {
    this.#reachPosition(rebase);
    for (const { conversation, lastSequence } of rebase.entries) this.#reach(conversation, lastSequence);
    super.rebased(rebase);
  }

  override shown(message: ShownMessage): void {
    this.#reach(message.conversation, message.sequence);
    super.shown(message);
  }

  override found(message: ShownMessage): void {
    this.#reach(message.conversation, message.sequence);
    super.found(message);
  }

  /** Everything has been told: what nobody saw is taken down too. Twice is as once. */
  ended(): void {
    for (const line of [...this.#conversations.values(), ...this.#users.values()]) advance(line, Infinity);
  }

  #reachPosition({ device, pts }: DevicePosition): void {
    advance(this.#users.get(this.history.devices[device]!.user), pts);
  }

  #reach(conversation: number, sequence: number): void {
    advance(this.#conversations.get(conversation), sequence);
  }
}

function lineOf(lines: Map<number, Line>, index: number): Line {
  const known = lines.get(index);
  if (known !== undefined) return known;
  const line: Line = { items: [], next: 0 };
  lines.set(index, line);
  return line;
}

function advance(line: Line | undefined, to: number): void {
  if (line === undefined) return;
  for (let item = line.items[line.next]; item !== undefined && item.at <= to; item = line.items[line.next]) {
    line.next++;
    item.take();
  }
}
