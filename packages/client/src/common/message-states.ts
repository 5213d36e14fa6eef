/** What the SDK tells beside messages themselves, and the way to what is asked of them: see `state-calls.ts`. */
import type { ConversationId, ReadCount } from "@parley/protocol";
import { cardActedOf } from "./cards.js";
import type { Committed } from "./draft.js";
import type { Emitter } from "./emitter.js";
import type { Loaders } from "./loaders.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import type { StateCalls } from "./state-calls.js";

export interface MessageStatesParts {
  readonly replica: Replica;
  readonly requests: Pick<Requests, "call">;
  readonly emitter: Emitter;
  readonly newId: () => string;
  readonly load: Loaders["calls"];
}

export class MessageStates {
  readonly #parts: MessageStatesParts;
  /** Made when something is first asked for or told: before that nothing is held that could change. */
  #calls: StateCalls | undefined;

  constructor(parts: MessageStatesParts) {
    this.#parts = parts;
  }

  /** Errors: "unavailable" while the code cannot be fetched. */
  async calls(): Promise<StateCalls> {
    const { StateCalls } = await this.#parts.load();
    return (this.#calls ??= new StateCalls(this.#parts));
  }

  readCount(conversationId: ConversationId, sequence: number): ReadCount | undefined {
    return this.#calls?.readCount(conversationId, sequence);
  }

  onCommitted(committed: Committed): void {
    const { emitter } = this.#parts;
    for (const event of committed.told) {
      const { doNotDisturb } = event.settings ?? {};
      if (doNotDisturb !== undefined) emitter.emit("notifySettings", { doNotDisturb });
      const acted = cardActedOf(event);
      if (acted !== undefined) emitter.emit("cardAction", acted);
    }
    if (this.#calls !== undefined) this.#calls.onCommitted(committed);
    else if (committed.told.some(({ pinned, readers }) => (pinned ?? readers) !== undefined))
      this.#takeFirst(committed);
  }

  /** The first that is told is held, too. */
  #takeFirst(committed: Committed): void {
    const { emitter } = this.#parts;
    this.calls().then(
      (calls) => calls.onCommitted(committed),
      () => {
        for (const { pinned, readers } of committed.told) {
          if (pinned !== undefined) emitter.emit("pins", { conversationId: pinned.conversationId });
          if (readers !== undefined) emitter.emit("reads", { conversationId: readers.conversationId });
        }
      },
    );
  }
}
