/** Words for what rows mean, so that a person understands an example without the history. */
import { NONE } from "../history/column.js";
import { EVENT_KINDS, type History, OPERATION_KINDS, OUTCOME } from "../history/history.js";

const OUTCOME_WORDS = new Map<number, string>([
  [OUTCOME.unknown, "unknown"],
  [OUTCOME.ok, "ok"],
  [OUTCOME.failed, "refused"],
]);

export class Speaker {
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  user(index: number): string {
    const user = this.#history.users[index];
    return user === undefined ? "nobody" : this.#inTenant(user.tenant, user.name);
  }

  users(indexes: Iterable<number>): string {
    return `[${[...indexes].map((index) => this.user(index)).join(", ")}]`;
  }

  /** "ann's phone". */
  device(index: number): string {
    const device = this.#history.devices[index];
    return device === undefined ? "no device" : `${this.user(device.user)}'s ${device.name}`;
  }

  conversation(index: number): string {
    const conversation = this.#history.conversations[index];
    return conversation === undefined
      ? "no conversation"
      : this.#inTenant(conversation.tenant, conversation.id);
  }

  /** "g:team 7": a place in a conversation. */
  place(conversation: number, sequence: number): string {
    return `${this.conversation(conversation)} ${sequence}`;
  }

  message(index: number): string {
    return index === NONE ? "no message" : `message ${this.#history.messageIds.text(index)}`;
  }

  /** What a machine said of a place. */
  placed(row: number): string {
    const { placed, clientMessageIds } = this.#history;
    const name = clientMessageIds.text(placed.clientMessageId.at(row));
    const by = `from ${this.user(placed.sender.at(row))}`;
    const at = this.place(placed.conversation.at(row), placed.sequence.at(row));
    return `${this.message(placed.message.at(row))} (${name === "" ? "" : `${name} `}${by}) at ${at}`;
  }

  position(user: number, epoch: number, pts: number): string {
    return `PTS ${pts} of ${this.user(user)}${this.#ofEpoch(epoch)}`;
  }

  /** A position of a device, whose user is known. */
  point(epoch: number, pts: number): string {
    return epoch === NONE ? "no position" : `PTS ${pts}${this.#ofEpoch(epoch)}`;
  }

  event(row: number): string {
    const { assigned } = this.#history;
    const kind = EVENT_KINDS[assigned.kind.at(row)] ?? "other";
    const conversation = assigned.conversation.at(row);
    return conversation === NONE ? kind : `${kind} ${this.place(conversation, assigned.sequence.at(row))}`;
  }

  /** 'send c-1 by ann's phone to g:team (ok)'. */
  operation(row: number): string {
    const { operations, clientMessageIds, codes, lists } = this.#history;
    const kind = OPERATION_KINDS[operations.kind.at(row)] ?? "send";
    const detail = operations.detail.at(row);
    const what = {
      send: () => ` ${clientMessageIds.text(detail)}`,
      hide: () => ` of ${(lists[detail] ?? []).join(", ")}`,
      read: () => ` up to ${operations.sequence.at(row)}`,
      create: () => ` with ${this.users(lists[detail] ?? [])}`,
      add: () => ` of ${this.users(lists[detail] ?? [])}`,
      remove: () => ` of ${this.users(lists[detail] ?? [])}`,
      page: () => "",
    }[kind]();
    const outcome = operations.outcome.at(row);
    const code = outcome === OUTCOME.failed ? ` as ${codes.text(operations.message.at(row))}` : "";
    const time = kind === "send" ? ` at ${this.#history.invokedMs[row] ?? 0} ms` : "";
    return (
      `${kind}${what} by ${this.device(operations.device.at(row))} in ` +
      `${this.conversation(operations.conversation.at(row))}${time} (${OUTCOME_WORDS.get(outcome)}${code})`
    );
  }

  #inTenant(tenant: number, name: string): string {
    const { tenants } = this.#history;
    return tenants.count > 1 ? `${tenants.text(tenant)}/${name}` : name;
  }

  #ofEpoch(epoch: number): string {
    const { epochs } = this.#history;
    return epochs.length > 1 ? ` (epoch ${epochs[epoch] ?? "none"})` : "";
  }
}
