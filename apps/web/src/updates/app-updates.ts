/** Registers the worker that holds the app's files, and notices when it has got those of a newer version than this page's. */

const WORKER = "/service-worker.js";
/** How long the page may be busy before the worker is registered all the same. */
const IDLE_MS_MAX = 5_000;
/** A server that goes away for a moment is not asked each time. */
const CHECK_MS_MIN = 60_000;
/** A slow network may take longer to bring a version; then the page is loaded as it is. */
const NEWEST_WAIT_MS_MAX = 10_000;

/** Whether this page may have a worker: one that was not served securely has none. */
export function canHaveWorker(): boolean {
  return "serviceWorker" in navigator;
}

/** Registers the one worker of the app. Twice is safe. Errors: those of the browser. */
export function registerWorker(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(WORKER, { updateViaCache: "none" });
}

/** Whether a newer version is there, as a store for `useSyncExternalStore`. */
export class AppUpdates {
  readonly #listeners = new Set<() => void>();
  #isNewerThere = false;
  #checkedMs = 0;

  readonly isNewerThere = (): boolean => this.#isNewerThere;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Registers the worker once the page is there and has nothing to do. */
  begin(): void {
    if (!canHaveWorker()) return;
    const { serviceWorker } = navigator;
    // A page without a worker came from the network and gets the worker of its own version.
    let hasWorker = serviceWorker.controller !== null;
    serviceWorker.addEventListener("controllerchange", () => {
      if (hasWorker) this.#tell();
      hasWorker = true;
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.check();
    });
    whenLoaded(() => whenIdle(() => void registerWorker().then(() => undefined, unavailable)));
    this.#checkedMs = Date.now();
  }

  /** Asks the server for a newer version, at most once a minute. */
  check(): void {
    if (!canHaveWorker() || Date.now() - this.#checkedMs < CHECK_MS_MIN) return;
    this.#checkedMs = Date.now();
    updateWorker().then(() => undefined, unavailable);
  }

  /** Loads the page anew, in the newest version that the server has. Never rejects. */
  readonly reload = async (): Promise<void> => {
    const isLate = new Promise((resolve) => {
      setTimeout(resolve, NEWEST_WAIT_MS_MAX);
    });
    if (canHaveWorker() && !this.#isNewerThere)
      await Promise.race([updateWorker().catch(unavailable), isLate]);
    location.reload();
  };

  #tell(): void {
    this.#isNewerThere = true;
    for (const listener of this.#listeners) listener();
  }
}

/** Resolves when the newest worker that the server has is in charge. */
async function updateWorker(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.update();
  const coming = registration?.installing ?? registration?.waiting;
  if (coming === null || coming === undefined) return;
  await new Promise<void>((resolve) => {
    coming.addEventListener("statechange", () => {
      if (coming.state === "activated" || coming.state === "redundant") resolve();
    });
  });
}

/** Without a network, or in a browser that stores nothing, there is no worker, or the old one. */
function unavailable(error: unknown): void {
  console.debug("parley:", "no worker", String(error));
}

function whenLoaded(task: () => void): void {
  if (document.readyState === "complete") task();
  else addEventListener("load", task, { once: true });
}

function whenIdle(task: () => void): void {
  // Safari has none.
  if (typeof requestIdleCallback === "function") requestIdleCallback(task, { timeout: IDLE_MS_MAX });
  else setTimeout(task, IDLE_MS_MAX);
}
