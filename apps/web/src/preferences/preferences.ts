/** What a person chose for this browser: language, appearance, previews of links. */
import type { KeyValues } from "../session/browser-storage.js";

export type LanguageName = "en" | "zh";
export type ThemeName = "system" | "light" | "dark";

export interface Preferences {
  readonly language: LanguageName;
  readonly theme: ThemeName;
  /** What links lead to is shown. */
  readonly hasLinkPreviews: boolean;
}

const KEY = "parley.preferences";

/** The preferences as a store for `useSyncExternalStore`. */
export class PreferenceStore {
  readonly #storage: KeyValues;
  readonly #listeners = new Set<() => void>();
  #current: Preferences;

  constructor(storage: KeyValues, browserLanguages: readonly string[]) {
    this.#storage = storage;
    this.#current = readPreferences(storage.getItem(KEY), browserLanguages);
  }

  readonly current = (): Preferences => this.#current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Effects: kept for the next visit, unless the browser stores nothing. */
  change(change: Partial<Preferences>): void {
    this.#current = { ...this.#current, ...change };
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#current));
    } catch {
      // A browser that stores nothing keeps the choice for this visit.
    }
    for (const listener of this.#listeners) listener();
  }
}

/** What was stored, and the browser's own wishes for the rest. */
export function readPreferences(stored: string | null, browserLanguages: readonly string[]): Preferences {
  const fields = parseFields(stored);
  const { language, theme, hasLinkPreviews } = fields;
  return {
    language: language === "en" || language === "zh" ? language : languageOf(browserLanguages),
    theme: theme === "light" || theme === "dark" ? theme : "system",
    hasLinkPreviews: hasLinkPreviews !== false,
  };
}

function languageOf(browserLanguages: readonly string[]): LanguageName {
  const known = browserLanguages.map((tag) => tag.toLowerCase().split("-", 1)[0]);
  return known.find((tag): tag is LanguageName => tag === "en" || tag === "zh") ?? "en";
}

function parseFields(stored: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(stored ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Written by something else; the defaults stand.
    return {};
  }
}
