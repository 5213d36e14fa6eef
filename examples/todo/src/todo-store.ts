/**
 * All lists, in one JSON file. A change and the event that tells it are written together, so no change is ever untold: what was not
 * published yet is published by the next start, with the same id, and counts once.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { changed, type TodoChange, type TodoEvent, type TodoState } from "./todo-list.js";

/** Items of one list. */
export const ITEMS_MAX = 500;

export interface PendingEvent {
  /** Of the event: the list and the version. */
  readonly id: string;
  readonly conversationId: string;
  readonly event: TodoEvent;
}

interface Stored {
  readonly lists: Readonly<Record<string, TodoState>>;
  readonly pending: readonly PendingEvent[];
}

export class TodoStore {
  readonly #path: string;
  #stored: Stored;
  /** Writes come one after another. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, stored: Stored) {
    this.#path = path;
    this.#stored = stored;
  }

  static async open(path: string): Promise<TodoStore> {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return '{"lists":{},"pending":[]}';
      throw error;
    });
    return new TodoStore(path, JSON.parse(text) as Stored);
  }

  /** What is there, and not told to everybody yet. */
  get pending(): readonly PendingEvent[] {
    return this.#stored.pending;
  }

  list(conversationId: string): TodoState {
    return this.#stored.lists[conversationId] ?? { version: 0, items: [] };
  }

  /** Undefined when the list is full. Durable when it resolves. */
  change(conversationId: string, change: TodoChange): Promise<TodoState | undefined> {
    return this.#write(({ lists, pending }) => {
      const before = this.list(conversationId);
      if (change.kind === "add" && before.items.length >= ITEMS_MAX) return { result: undefined };
      const after = changed(before, change);
      const event = { version: after.version, change };
      const told = {
        id: `${conversationId.replaceAll(/[^\w.-]/g, "_").slice(-40)}-${after.version}`,
        conversationId,
        event,
      };
      return {
        stored: { lists: { ...lists, [conversationId]: after }, pending: [...pending, told] },
        result: after,
      };
    });
  }

  published({ id }: PendingEvent): Promise<void> {
    return this.#write(({ lists, pending }) => ({
      stored: { lists, pending: pending.filter((each) => each.id !== id) },
      result: undefined,
    }));
  }

  #write<T>(step: (stored: Stored) => { readonly stored?: Stored; readonly result: T }): Promise<T> {
    const write = this.#last.then(async () => {
      const { stored, result } = step(this.#stored);
      if (stored !== undefined) {
        const fresh = `${this.#path}.new`;
        await writeFile(fresh, JSON.stringify(stored), { flush: true });
        await rename(fresh, this.#path);
        this.#stored = stored;
      }
      return result;
    });
    this.#last = write.catch(() => undefined);
    return write;
  }
}
