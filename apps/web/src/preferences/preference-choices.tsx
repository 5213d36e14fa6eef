import type { JSX } from "react";
import type { LanguageName, ThemeName } from "./preferences.js";
import { usePreferences, useStrings } from "./preferences-context.js";
import styles from "./preference-choices.module.css";

/** Each language under its own name, whatever language is shown. */
const LANGUAGE_NAMES: Readonly<Record<LanguageName, string>> = { en: "English", zh: "中文" };

/** Whether it is shown what links lead to. */
export function LinkPreviewChoice(): JSX.Element {
  const strings = useStrings();
  const { preferences, change } = usePreferences();
  return (
    <label className={styles.choice}>
      <span>{strings.previews.choice}</span>
      <input
        type="checkbox"
        checked={preferences.hasLinkPreviews}
        onChange={(event) => change({ hasLinkPreviews: event.target.checked })}
      />
    </label>
  );
}

/** Two small menus: language and appearance. */
export function PreferenceChoices(): JSX.Element {
  const strings = useStrings();
  const { preferences, change } = usePreferences();
  const themes: Readonly<Record<ThemeName, string>> = {
    system: strings.themeSystem,
    light: strings.themeLight,
    dark: strings.themeDark,
  };
  return (
    <div className={styles.choices}>
      <label className={styles.choice}>
        <span>{strings.language}</span>
        <select
          value={preferences.language}
          onChange={(event) => change({ language: event.target.value as LanguageName })}
        >
          {Object.entries(LANGUAGE_NAMES).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label className={styles.choice}>
        <span>{strings.theme}</span>
        <select
          value={preferences.theme}
          onChange={(event) => change({ theme: event.target.value as ThemeName })}
        >
          {Object.entries(themes).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
