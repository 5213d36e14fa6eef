/** The tabs of one store in one process, for tests and simulations: a lock, and messages that are copied as a browser copies them. */
import type { TabChannel, TabHandlers } from "./tab-channel.js";

/** Runs something in a tab, soon and in the order of the calls; while the tab is frozen later, after its end never. */
export type RunInTab = (run: () => void) => void;

/** A tab as the hub knows it. */
export interface HubTab extends TabChannel {
  /** The tab ends without a word. */
  kill(): void;
}

interface Member {
  readonly run: RunInTab;
  handlers: TabHandlers | undefined;
}

/** The tabs of one store in one process, for tests and simulations. */
export class TabHub {
  readonly #copy: (message: unknown) => unknown;
  readonly #members = new Set<Member>();
  #holder: Member | undefined;
  #waiting: Member[] = [];
  /** How often a lead was taken from a tab that had it. */
  stolen = 0;
  /** Messages that get lost. */
  isLost: (message: unknown) => boolean = () => false;

  /** `copy` is `structuredClone`. */
  constructor(copy: (message: unknown) => unknown) {
    this.#copy = copy;
  }

  /** A new tab. */
  tab(run: RunInTab): HubTab {
    const member: Member = { run, handlers: undefined };
    const leave = (): void => {
      member.handlers = undefined;
      this.#members.delete(member);
      this.#resign(member);
    };
    return {
      open: (handlers) => {
        member.handlers = handlers;
        this.#members.add(member);
      },
      elect: () => {
        if (this.#holder === member || this.#waiting.includes(member)) return;
        this.#waiting.push(member);
        this.#grant();
      },
      steal: () => {
        const old = this.#holder;
        if (old === member) return;
        this.#waiting = [member, ...this.#waiting.filter((one) => one !== member)];
        this.#holder = undefined;
        if (old !== undefined) this.stolen += 1;
        old?.run(() => old.handlers?.onLost());
        this.#grant();
      },
      resign: () => this.#resign(member),
      broadcast: (message) => {
        const copy = this.#copy(message);
        if (this.isLost(copy)) return;
        for (const other of this.#members)
          if (other !== member) other.run(() => other.handlers?.onMessage(copy));
      },
      close: leave,
      kill: leave,
    };
  }

  #resign(member: Member): void {
    this.#waiting = this.#waiting.filter((one) => one !== member);
    if (this.#holder !== member) return;
    this.#holder = undefined;
    this.#grant();
  }

  #grant(): void {
    if (this.#holder !== undefined) return;
    const next = this.#waiting.shift();
    this.#holder = next;
    // A lock that was granted and lost before the tab ran was never its own.
    next?.run(() => {
      if (this.#holder === next) next.handlers?.onLead();
    });
  }
}
