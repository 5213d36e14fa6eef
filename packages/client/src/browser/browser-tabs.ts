/**
 * The tabs of a browser: a Web Lock tells who leads, a BroadcastChannel carries what they say.
 *
 * The browser gives the lock to the next tab when one is closed or its process ends, and takes it away from one only when
 * another steals it.
 */
import type { TabChannel, TabHandlers } from "../common/tab-channel.js";

/**
 * The tabs that use this name, or undefined where the browser has no locks: on a page that was not served securely. There every tab
 * has to have a store and a device of its own.
 */
export function createBrowserTabs(name: string): TabChannel | undefined {
  const locks = (navigator as { readonly locks?: LockManager }).locks;
  if (locks === undefined || typeof BroadcastChannel === "undefined") return undefined;
  return new BrowserTabs(name, locks);
}

class BrowserTabs implements TabChannel {
  readonly #name: string;
  readonly #locks: LockManager;
  #channel: BroadcastChannel | undefined;
  #handlers: TabHandlers | undefined;
  /** The request for the lock that counts; what becomes of an earlier one is of no interest. */
  #request: object | undefined;
  #stopWaiting: () => void = () => undefined;
  #release: () => void = () => undefined;

  constructor(name: string, locks: LockManager) {
    this.#name = name;
    this.#locks = locks;
  }

  open(handlers: TabHandlers): void {
    this.#handlers = handlers;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.addEventListener("message", (event: MessageEvent<unknown>) =>
      this.#handlers?.onMessage(event.data),
    );
  }

  elect(): void {
    if (this.#request !== undefined) return;
    const waiting = new AbortController();
    this.#ask({ signal: waiting.signal });
    this.#stopWaiting = () => waiting.abort();
  }

  steal(): void {
    this.resign();
    this.#ask({ steal: true });
  }

  resign(): void {
    this.#request = undefined;
    this.#stopWaiting();
    this.#release();
    this.#stopWaiting = () => undefined;
    this.#release = () => undefined;
  }

  broadcast(message: unknown): void {
    this.#channel?.postMessage(message);
  }

  close(): void {
    this.resign();
    this.#handlers = undefined;
    this.#channel?.close();
    this.#channel = undefined;
  }

  #ask(options: LockOptions): void {
    const request = {};
    this.#request = request;
    let isHeld = false;
    this.#locks
      .request(this.#name, options, () => {
        // Resigned meanwhile: the lock goes on to the next.
        if (this.#request !== request) return undefined;
        isHeld = true;
        return new Promise<void>((resolve) => {
          this.#release = resolve;
          this.#handlers?.onLead();
        });
      })
      .catch(() => {
        // It was stolen, or the wait was ended here.
        if (this.#request !== request) return;
        this.#request = undefined;
        if (isHeld) this.#handlers?.onLost();
      });
  }
}
