/**
 * The pins of conversations that somebody asked for, in memory. Events keep a list right as far as they can: what is pinned
 * anew, an event that is missing (the revision does not follow) and a Rebase have it fetched again when it is asked for.
 */
import { LruMap } from "@parley/base";
import type { ConversationId, Event, Message, Pin } from "@parley/protocol";
import type { Committed } from "./draft.js";
import { PIN_FETCHES_MAX, PIN_LISTS_MAX, PIN_PAGES_MAX } from "./limits.js";
import type { MessagePlace } from "./message-changes.js";
import { merged, withCardPart, withReactions } from "./message-revision.js";
import { ownMessage } from "./own-bytes.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";

export interface PinsParts {
  readonly replica: Pick<Replica, "entry">;
  readonly requests: Pick<Requests, "call">;
  readonly onChanged: (conversationId: ConversationId) => void;
}

/** What is known of a conversation's pins. */
interface Known {
  revision: number;
  /** The newest message first. */
  pins: readonly Pin[];
  isFresh: boolean;
  /** Counts the events since it was first asked for: an answer is right when none came while it was on its way. */
  events: number;
}

export class Pins {
  readonly #parts: PinsParts;
  readonly #known = new LruMap<ConversationId, Known>();
  /** Whose lists may be in `#known`. */
  readonly #asked = new Set<ConversationId>();

  constructor(parts: PinsParts) {
    this.#parts = parts;
  }

  /** Errors: those of the request. */
  async pin(place: MessagePlace, isRemoval: boolean): Promise<void> {
    await this.#parts.requests.call("pin", { ...place, isRemoval });
  }

  /** From memory while it is right. Errors: those of the request. */
  async list(conversationId: ConversationId): Promise<readonly Pin[]> {
    for (let fetches = 0; fetches < PIN_FETCHES_MAX; fetches++) {
      const known = this.#known.find(conversationId);
      if (known?.isFresh === true) break;
      await this.#fetch(conversationId);
    }
    // When it changes faster than it can be fetched this is the newest answer, and an event says to ask again.
    const pins = this.#known.find(conversationId)?.pins ?? [];
    const firstVisible = this.#parts.replica.entry(conversationId)?.firstVisible ?? 1;
    return pins.filter(({ message }) => (message?.sequence ?? 0) >= firstVisible);
  }

  onCommitted({ isRebased, rebased, joined, told, changed, reactions, cardParts, deleted }: Committed): void {
    const touched = new Set<ConversationId>();
    const change = (conversationId: ConversationId, by: (known: Known) => void): void => {
      const known = this.#known.peek(conversationId);
      if (known === undefined) return;
      known.events += 1;
      by(known);
      touched.add(conversationId);
    };
    // Of what happened while I was away nobody tells either.
    for (const conversationId of isRebased ? this.#asked : [...rebased, ...joined])
      change(conversationId, (known) => (known.isFresh = false));
    for (const { pinned } of told) {
      if (pinned === undefined) continue;
      change(pinned.conversationId, (known) => take(known, pinned));
      touched.add(pinned.conversationId);
    }
    for (const [conversationId, messages] of changed)
      for (const message of messages)
        change(conversationId, (known) => update(known, message.sequence, (held) => merged(held, message)));
    for (const { conversationId, sequence, reactions: newer } of reactions)
      change(conversationId, (known) => update(known, sequence, (held) => withReactions(held, newer)));
    for (const { conversationId, sequence, part } of cardParts)
      change(conversationId, (known) => update(known, sequence, (held) => withCardPart(held, part)));
    for (const [conversationId, sequences] of deleted)
      change(conversationId, (known) => {
        known.pins = known.pins.filter(({ message }) => !sequences.has(message?.sequence ?? 0));
      });
    for (const conversationId of touched) this.#parts.onChanged(conversationId);
  }

  async #fetch(conversationId: ConversationId): Promise<void> {
    const known = this.#need(conversationId);
    const { events } = known;
    const pins: Pin[] = [];
    const revisions = new Set<number>();
    let before = 0;
    for (let page = 0; page < PIN_PAGES_MAX; page++) {
      const answer = await this.#parts.requests.call("getPins", { conversationId, before });
      revisions.add(answer.revision);
      pins.push(...answer.pins.map((pin) => ({ ...pin, message: pin.message && ownMessage(pin.message) })));
      before = answer.next;
      if (before === 0) break;
    }
    known.pins = pins;
    known.revision = Math.max(...revisions);
    known.isFresh = known.events === events && revisions.size === 1 && before === 0;
  }

  #need(conversationId: ConversationId): Known {
    const found = this.#known.find(conversationId);
    if (found !== undefined) return found;
    const known: Known = { revision: 0, pins: [], isFresh: false, events: 0 };
    this.#known.put(conversationId, known);
    this.#asked.add(conversationId);
    this.#known.cutTo(PIN_LISTS_MAX);
    for (const asked of this.#asked) if (this.#known.peek(asked) === undefined) this.#asked.delete(asked);
    return known;
  }
}

function take(known: Known, pinned: NonNullable<Event["pinned"]>): void {
  if (!known.isFresh || pinned.revision <= known.revision) return;
  known.isFresh = !pinned.isPinned && pinned.revision === known.revision + 1;
  known.revision = pinned.revision;
  known.pins = known.pins.filter(({ message }) => message?.sequence !== pinned.sequence);
}

function update(known: Known, sequence: number, change: (held: Message) => Message): void {
  known.pins = known.pins.map((pin) =>
    pin.message?.sequence === sequence ? { ...pin, message: change(pin.message) } : pin,
  );
}
