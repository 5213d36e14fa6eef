import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "../session/browser-storage.js";
import { PreferenceStore, readPreferences } from "./preferences.js";

test("the browser's wishes hold until somebody chooses", () => {
  deepEqual(
    [
      readPreferences(null, ["fr-FR", "zh-TW", "en"]),
      readPreferences(null, ["fr"]),
      readPreferences('{"language":"en","theme":"dark"}', ["zh"]),
      readPreferences('{"language":"xx","theme":7,"hasLinkPreviews":"no"}', ["zh-CN"]),
      readPreferences('{"hasLinkPreviews":false}', []),
      readPreferences("null", []),
      readPreferences("{", []),
    ],
    [
      { language: "zh", theme: "system", hasLinkPreviews: true },
      { language: "en", theme: "system", hasLinkPreviews: true },
      { language: "en", theme: "dark", hasLinkPreviews: true },
      { language: "zh", theme: "system", hasLinkPreviews: true },
      { language: "en", theme: "system", hasLinkPreviews: false },
      { language: "en", theme: "system", hasLinkPreviews: true },
      { language: "en", theme: "system", hasLinkPreviews: true },
    ],
  );
});

test("a choice is told at once and is there at the next visit", () => {
  const storage = memoryStorage();
  const store = new PreferenceStore(storage, ["en"]);
  const told: string[] = [];
  const stop = store.subscribe(() => told.push(store.current().theme));
  store.change({ theme: "dark" });
  stop();
  store.change({ language: "zh" });
  deepEqual(
    [told, new PreferenceStore(storage, ["en"]).current()],
    [["dark"], { language: "zh", theme: "dark", hasLinkPreviews: true }],
  );
});
