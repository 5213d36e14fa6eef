/**
 * Chunks of messages, and those whose filter is being made. Who stages a change of a message deletes the filter of its chunk
 * in the same batch and tells it here in the same turn; who made a filter stages it in the turn in which it asks here
 * whether that still may be. Nobody waits between the two, so a filter never lacks what a message says now.
 */
import type { ConversationKey } from "@parley/domain";

/** Sequences of a chunk: those of chunk 0 are 1 to 256. */
export const CHUNK_SEQUENCES = 256;

/** A filter on its way. */
export interface FilterMaking {
  /** A message of the chunk changed since: what was read may not say what it says now. */
  isVoid: boolean;
}

export function chunkOf(sequence: number): number {
  return Math.floor((sequence - 1) / CHUNK_SEQUENCES);
}

export function chunkSpan(chunk: number): { readonly first: number; readonly last: number } {
  return { first: chunk * CHUNK_SEQUENCES + 1, last: (chunk + 1) * CHUNK_SEQUENCES };
}

export class ChunkChanges {
  /** One for each chunk that is read by a search: bounded as those are. */
  readonly #making = new Map<string, FilterMaking>();

  /** Begins before the messages are read. Undefined when another search makes this filter. */
  begin(key: ConversationKey, chunk: number): FilterMaking | undefined {
    const name = nameOf(key, chunk);
    if (this.#making.has(name)) return undefined;
    const making = { isVoid: false };
    this.#making.set(name, making);
    return making;
  }

  end(key: ConversationKey, chunk: number): void {
    this.#making.delete(nameOf(key, chunk));
  }

  /** A change of a message is staged in this turn. */
  note(key: ConversationKey, sequence: number): void {
    if (this.#making.size === 0) return;
    const making = this.#making.get(nameOf(key, chunkOf(sequence)));
    if (making !== undefined) making.isVoid = true;
  }
}

function nameOf({ tenantId, conversationId }: ConversationKey, chunk: number): string {
  return `${tenantId}/${conversationId}/${chunk}`;
}
