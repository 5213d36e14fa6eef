/**
 * A to-do list on a device: its state, fetched once, and the events that change it from then on. It runs in browsers and on Node.
 *
 *   fetched, version n ── event n + 1 ──► n + 1        event of n or before: known        event beyond n + 1, or "module-reset": fetched
 */
import type { ParleyClient } from "@parley/client";

export interface TodoItem {
  readonly id: string;
  readonly text: string;
  readonly isDone: boolean;
}

export interface TodoState {
  /** Counts the changes of the list. */
  readonly version: number;
  readonly items: readonly TodoItem[];
}

/** One change. An event says it with the version that the list has after it. */
export type TodoChange =
  | { readonly kind: "add"; readonly id: string; readonly text: string }
  | { readonly kind: "done"; readonly id: string; readonly isDone: boolean }
  | { readonly kind: "remove"; readonly id: string };

export interface TodoEvent {
  readonly version: number;
  readonly change: TodoChange;
}

export const TODO_MODULE = "todo";
const EMPTY: TodoState = { version: 0, items: [] };

/** The state after a change: what the server and all devices do. */
export function changed({ version, items }: TodoState, change: TodoChange): TodoState {
  const others = items.filter(({ id }) => id !== change.id);
  const one = items.find(({ id }) => id === change.id);
  const next = version + 1;
  if (change.kind === "remove") return { version: next, items: others };
  if (change.kind === "add") {
    if (one !== undefined) return { version: next, items };
    return { version: next, items: [...items, { id: change.id, text: change.text, isDone: false }] };
  }
  const { isDone } = change;
  return { version: next, items: items.map((item) => (item.id === change.id ? { ...item, isDone } : item)) };
}

export interface TodoListOptions {
  readonly client: Pick<ParleyClient, "on" | "moduleTicket">;
  /** Of the module's server. */
  readonly url: string;
  readonly conversationId: string;
  readonly onChanged?: () => void;
  readonly onError?: (error: unknown) => void;
}

export class TodoList {
  readonly #options: TodoListOptions;
  readonly #stopListening: readonly (() => void)[];
  #state: TodoState = EMPTY;
  /** A session with the module's server. */
  #session: string | undefined;
  #fetching: Promise<void> | undefined;
  /** Something came while the state was fetched that may be newer. */
  #isStale = false;
  /** How often the state was fetched. */
  fetches = 0;

  constructor(options: TodoListOptions) {
    this.#options = options;
    const { client, conversationId } = options;
    this.#stopListening = [
      client.on("module", ({ module, conversationId: of, data }) => {
        if (module === TODO_MODULE && of === conversationId)
          this.#take(JSON.parse(new TextDecoder().decode(data)) as TodoEvent);
      }),
      client.on("module-reset", ({ conversationId: of }) => {
        if (of === undefined || of === conversationId) this.#refresh();
      }),
    ];
  }

  get state(): TodoState {
    return this.#state;
  }

  /** Fetches the state. Call once, and again after it failed. */
  open(): Promise<void> {
    return this.#fetch();
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
  }

  add(text: string): Promise<void> {
    return this.#change({ kind: "add", id: crypto.randomUUID(), text });
  }

  setDone(id: string, isDone: boolean): Promise<void> {
    return this.#change({ kind: "done", id, isDone });
  }

  remove(id: string): Promise<void> {
    return this.#change({ kind: "remove", id });
  }

  /** The change comes back as an event. */
  async #change(change: TodoChange): Promise<void> {
    await this.#ask("POST", JSON.stringify(change));
  }

  #take({ version, change }: TodoEvent): void {
    if (this.#fetching !== undefined) this.#isStale = true;
    else if (version === this.#state.version + 1) this.#set(changed(this.#state, change));
    else if (version > this.#state.version) this.#refresh();
  }

  #refresh(): void {
    if (this.#fetching !== undefined) this.#isStale = true;
    else this.#fetch().catch((error: unknown) => this.#options.onError?.(error));
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchUntilFresh().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchUntilFresh(): Promise<void> {
    do {
      this.#isStale = false;
      this.fetches += 1;
      const state = (await this.#ask("GET")) as TodoState;
      if (state.version >= this.#state.version) this.#set(state);
    } while (this.#isStale);
  }

  #set(state: TodoState): void {
    this.#state = state;
    this.#options.onChanged?.();
  }

  async #ask(method: "GET" | "POST", body?: string, isRetry = false): Promise<unknown> {
    const { url, conversationId } = this.#options;
    this.#session ??= await this.#signIn();
    const response = await fetch(`${url}/todo/lists/${encodeURIComponent(conversationId)}`, {
      method,
      headers: { authorization: `Bearer ${this.#session}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    });
    if (response.status === 401 && !isRetry) {
      this.#session = undefined;
      return this.#ask(method, body, true);
    }
    if (!response.ok) throw new Error(`The list answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  /** The module's server learns by a ticket who this is, and never sees the token. */
  async #signIn(): Promise<string> {
    const ticket = await this.#options.client.moduleTicket(TODO_MODULE);
    const response = await fetch(`${this.#options.url}/todo/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ticket }),
    });
    if (!response.ok) throw new Error(`The list did not let us in: ${response.status}.`);
    return ((await response.json()) as { readonly session: string }).session;
  }
}
