/** Listeners by event name. */
import type { ClientEvents } from "./api.js";

type Listener<K extends keyof ClientEvents> = (event: ClientEvents[K]) => void;

export class Emitter {
  readonly #listeners: { readonly [K in keyof ClientEvents]: Set<Listener<K>> } = {
    connection: new Set(),
    conversations: new Set(),
    signal: new Set(),
    timeline: new Set(),
    pins: new Set(),
    reads: new Set(),
    group: new Set(),
    cardAction: new Set(),
    module: new Set(),
    "module-reset": new Set(),
    wiped: new Set(),
    evicted: new Set(),
    notifySettings: new Set(),
    presence: new Set(),
    typing: new Set(),
  };

  /** Adds a listener and returns what removes it. */
  on<K extends keyof ClientEvents>(name: K, listener: Listener<K>): () => void {
    const listeners: Set<Listener<K>> = this.#listeners[name];
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Calls every listener. A listener that throws is a bug of the application, so nothing here catches it. */
  emit<K extends keyof ClientEvents>(name: K, event: ClientEvents[K]): void {
    const listeners: Set<Listener<K>> = this.#listeners[name];
    for (const listener of listeners) listener(event);
  }
}
