/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * What a page notes about itself. `installProbe` runs in the page, so it uses nothing from outside it; it is there before
 * the application's own code.
 */

/** What was noted since the last reading. Durations in milliseconds. */
export interface PageNotes {
  /** Between two frames. */
  readonly frames: readonly number[];
  /** From a key to the first frame that shows what it did. */
  readonly keys: readonly number[];
  /** What the browser itself says of those slower than a frame (PerformanceEventTiming), wheel and keys. */
  readonly events: readonly number[];
  readonly longTasks: readonly number[];
  /** The largest number that a shown message ended with, and when a frame first showed it (epoch milliseconds). */
  readonly shown: readonly (readonly [number, number])[];
  /** Elements, texts and comments of the document. */
  readonly nodesMax: number;
  /** Looks at the list that did not find it at its end. */
  readonly looksAway: number;
}

declare global {
  var parleyProbe: { take(): PageNotes } | undefined;
}

/** Begins to note. Cost: a look at the shown messages in each frame, and at the whole document four times a second. */
export function installProbe(): void {
  const LOOK_MS = 250;
  const BOTTOM_PX = 40;
  const empty = () => ({
    frames: [] as number[],
    keys: [] as number[],
    events: [] as number[],
    longTasks: [] as number[],
    shown: [] as (readonly [number, number])[],
    nodesMax: 0,
    looksAway: 0,
  });
  let notes = empty();
  let newest = 0;
  let frameMs = performance.now();
  const noteShown = (): void => {
    const last = [...document.querySelectorAll("[role=log] article [dir=auto]")].at(-1);
    const number = Number(/#(\d+)$/u.exec(last?.textContent ?? "")?.[1] ?? 0);
    if (number <= newest) return;
    newest = number;
    notes.shown.push([number, Date.now()]);
  };
  const onFrame = (nowMs: number): void => {
    notes.frames.push(nowMs - frameMs);
    frameMs = nowMs;
    noteShown();
    requestAnimationFrame(onFrame);
  };
  onFrame(frameMs);
  const painted = new MessageChannel();
  const unpainted: number[] = [];
  painted.port1.addEventListener("message", () => {
    const nowMs = performance.now();
    for (const pressedMs of unpainted.splice(0)) notes.keys.push(nowMs - pressedMs);
  });
  painted.port1.start();
  addEventListener(
    "keydown",
    ({ timeStamp }) => {
      requestAnimationFrame(() => {
        unpainted.push(timeStamp);
        painted.port2.postMessage(undefined);
      });
    },
    true,
  );
  const observe = (type: string, take: (durationMs: number) => void): void => {
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) take(duration);
    });
    observer.observe({ type, durationThreshold: 16 } as PerformanceObserverInit);
  };
  observe("longtask", (durationMs) => notes.longTasks.push(durationMs));
  observe("event", (durationMs) => notes.events.push(durationMs));
  setInterval(() => {
    // All but the document itself: elements, texts and comments.
    const { snapshotLength } = document.evaluate("//node()", document, null, 7);
    notes.nodesMax = Math.max(notes.nodesMax, snapshotLength);
    const log = document.querySelector("[role=log]");
    if (log === null) return;
    if (log.scrollHeight - log.scrollTop - log.clientHeight > BOTTOM_PX) notes.looksAway += 1;
  }, LOOK_MS);
  globalThis.parleyProbe = {
    take: () => {
      const taken = notes;
      notes = empty();
      return taken;
    },
  };
}

/** How many messages of a conversation the SDK's store in this page holds. Runs in the page. */
export async function countStored(place: {
  readonly conversationId: string;
  readonly first: number;
  readonly last: number;
}): Promise<number> {
  const { conversationId, first, last } = place;
  const result = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.addEventListener("success", () => resolve(request.result));
      request.addEventListener("error", () =>
        reject(new Error("The page's database cannot be read.", { cause: request.error })),
      );
    });
  let count = 0;
  for (const { name = "" } of await indexedDB.databases()) {
    const database = await result(indexedDB.open(name));
    if (database.objectStoreNames.contains("messages")) {
      const keys = IDBKeyRange.bound([conversationId, first], [conversationId, last]);
      count += await result(database.transaction("messages").objectStore("messages").count(keys));
    }
    database.close();
  }
  return count;
}

/** The scripts that the page has fetched, in bytes as they came over the line. Runs in the page. */
export function fetchedScripts(): { readonly count: number; readonly bytes: number } {
  const scripts = performance
    .getEntriesByType("resource")
    .filter(
      (entry): entry is PerformanceResourceTiming =>
        entry instanceof PerformanceResourceTiming && new URL(entry.name).pathname.endsWith(".js"),
    );
  return { count: scripts.length, bytes: scripts.reduce((sum, entry) => sum + entry.encodedBodySize, 0) };
}
