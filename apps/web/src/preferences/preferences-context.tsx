import {
  createContext,
  type JSX,
  type ReactNode,
  useContext,
  useLayoutEffect,
  useMemo,
  useSyncExternalStore,
} from "react";
import { CHINESE } from "../language/chinese.js";
import { ENGLISH, type Strings } from "../language/english.js";
import { createTimeLabels, type TimeLabels } from "../time/time-labels.js";
import type { LanguageName, Preferences, PreferenceStore, ThemeName } from "./preferences.js";

const LANGUAGES: Readonly<Record<LanguageName, Strings>> = { en: ENGLISH, zh: CHINESE };

interface World {
  readonly strings: Strings;
  readonly times: TimeLabels;
  readonly preferences: Preferences;
  readonly change: (change: Partial<Preferences>) => void;
}

const WorldContext = createContext<World | undefined>(undefined);

/** Gives everything below it the words, the time labels and the preferences. */
export function PreferencesProvider(props: {
  readonly store: PreferenceStore;
  readonly children: ReactNode;
}): JSX.Element {
  const { store, children } = props;
  const preferences = useSyncExternalStore(store.subscribe, store.current);
  const world = useMemo<World>(() => {
    const strings = LANGUAGES[preferences.language];
    return {
      strings,
      times: createTimeLabels(strings),
      preferences,
      change: (change) => store.change(change),
    };
  }, [preferences, store]);
  // Before anything is drawn, or the page would flash in the other colours.
  useLayoutEffect(() => {
    document.documentElement.lang = world.strings.locale;
    document.documentElement.dataset["theme"] = preferences.theme;
    colourFrame(preferences.theme);
  }, [world, preferences]);
  return <WorldContext value={world}>{children}</WorldContext>;
}

/** The frame that a browser draws around the page, or around the installed app, has the colour of `--panel`, as in `index.html`. */
function colourFrame(theme: ThemeName): void {
  const colours = { light: "#ffffff", dark: "#161c1f" };
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const wanted = theme === "system" ? (meta.media.includes("dark") ? "dark" : "light") : theme;
    meta.content = colours[wanted];
  }
}

/** The words in the reader's language. */
export function useStrings(): Strings {
  return useWorld().strings;
}

/** The reader's way to write times. */
export function useTimes(): TimeLabels {
  return useWorld().times;
}

/** The reader's choices and what changes them. */
export function usePreferences(): Pick<World, "preferences" | "change"> {
  return useWorld();
}

function useWorld(): World {
  const world = useContext(WorldContext);
  if (world === undefined) throw new Error("PreferencesProvider is missing above this component.");
  return world;
}
