/** What business modules tell. It is told and not stored: what a module says is kept by who listens, or asked of the module. */
import {
  type ConversationId,
  decode,
  Event as EventSchema,
  type FramePayload,
  type ModuleEvent,
  type ModuleName,
} from "@parley/protocol";
import type { Committed } from "./draft.js";
import type { Emitter } from "./emitter.js";
import { ownEvent } from "./own-bytes.js";
import type { Replica } from "./replica.js";

/** Events told ahead of their places that are remembered: a few connections' worth. */
const AHEAD_TOLD_MAX = 64;
/** Events told to conversations that are remembered: more than topics that are followed again bring once more. */
const TOLD_MAX = 1_024;

/** An event that a module published. */
export interface ModuleTold {
  readonly module: ModuleName;
  /** The module's own: the same again is the same event. */
  readonly id: string;
  readonly data: Uint8Array;
  readonly timeMs: number;
  /** When it was published to a conversation. */
  readonly conversationId: ConversationId | undefined;
  /** It is told before its place came, because it is urgent: what is told after it may be older. */
  readonly isAhead: boolean;
}

/** Events of modules were skipped: what their state is now has to be asked of the modules. */
export interface ModuleReset {
  /** Only those of this conversation, a large group; undefined: any may be missing. */
  readonly conversationId: ConversationId | undefined;
}

export interface ModulesParts {
  readonly replica: Pick<Replica, "state" | "entry">;
  readonly emitter: Emitter;
}

export class Modules {
  readonly #parts: ModulesParts;
  readonly #emitter: Emitter;
  /** Events that were told ahead of their places, which have not come yet. */
  readonly #ahead = new Map<string, Omit<FramePayload<"ahead">, "event">>();
  /** A topic is followed from an earlier place when I left and joined again, and its events come once more. */
  readonly #told = new Set<string>();

  constructor(parts: ModulesParts) {
    this.#parts = parts;
    this.#emitter = parts.emitter;
  }

  onCommitted({ told, isRebased, rebased }: Committed): void {
    if (isRebased || rebased.size > 0) this.#forgetSkipped();
    if (isRebased) this.#emitter.emit("module-reset", { conversationId: undefined });
    for (const conversationId of rebased) this.#emitter.emit("module-reset", { conversationId });
    for (const { module } of told)
      if (module !== undefined && this.#isNew(module)) this.#emitter.emit("module", toldOf(module, false));
  }

  /** Takes a copy of an urgent event. Errors: "malformed" for one that cannot be decoded. */
  takeAhead({ event, ...place }: FramePayload<"ahead">): void {
    const { module } = ownEvent(decode(EventSchema, event));
    if (module === undefined || this.#ahead.has(keyOf(module))) return;
    this.#ahead.set(keyOf(module), place);
    // The oldest is told again in its place then.
    if (this.#ahead.size > AHEAD_TOLD_MAX) this.#ahead.delete(this.#ahead.keys().next().value!);
    this.#emitter.emit("module", toldOf(module, true));
  }

  #isNew(event: ModuleEvent): boolean {
    const wasAhead = this.#ahead.delete(keyOf(event));
    if (event.conversationId === "") return !wasAhead;
    // An id may be used again, some days later.
    const key = `${keyOf(event)}/${event.timeMs}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    if (this.#told.size > TOLD_MAX) this.#told.delete(this.#told.keys().next().value!);
    return !wasAhead;
  }

  /** After a Rebase the places of some copies do not come any more: their ids may be those of new events. */
  #forgetSkipped(): void {
    const { replica } = this.#parts;
    for (const [key, { epoch, pts, conversationId }] of this.#ahead) {
      const { position } = replica.state;
      const reached = conversationId === "" ? position.pts : replica.entry(conversationId)?.topicPts;
      if (reached === undefined || epoch !== position.epoch || pts <= reached) this.#ahead.delete(key);
    }
  }
}

function toldOf(event: ModuleEvent, isAhead: boolean): ModuleTold {
  const { module, id, data, timeMs } = event;
  const conversationId = event.conversationId === "" ? undefined : event.conversationId;
  return { module, id, data, timeMs, conversationId, isAhead };
}

function keyOf({ module, id, conversationId }: ModuleEvent): string {
  return `${conversationId}/${module}/${id}`;
}
