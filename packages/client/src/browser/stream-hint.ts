import type { StreamHint } from "../common/fallback-transport.js";

/** Remembers in the browser that this server's WebSockets are blocked here. A browser that stores nothing forgets it. */
export function browserStreamHint(url: string): StreamHint {
  const key = `parley/stream/${url}`;
  return {
    read() {
      try {
        const untilMs = Number(localStorage.getItem(key));
        return Number.isSafeInteger(untilMs) ? untilMs : 0;
      } catch {
        // Storing may be forbidden.
        return 0;
      }
    },
    write(untilMs) {
      try {
        if (untilMs === 0) localStorage.removeItem(key);
        else localStorage.setItem(key, String(untilMs));
      } catch {
        // As above, or there is no room: then the next page finds it out anew.
      }
    },
  };
}
