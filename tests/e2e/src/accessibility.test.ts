/** Goal: no main screen has a grave violation of the rules that axe knows, in both themes, languages and sizes. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { violationsOn } from "./testing/axe.js";
import { LINKS_ALLOWED } from "./testing/link-site.js";
import { fillScreens, type Look, walkScreens } from "./testing/main-screens.js";
import { SKIP, withBench } from "./testing/web-bench.js";

const LOOKS: readonly Look[] = [
  { language: "en", theme: "light", size: "desktop" },
  { language: "zh", theme: "dark", size: "desktop" },
  { language: "zh", theme: "light", size: "phone" },
];

test(
  "the main screens can be used without a mouse, with a screen reader, and with little contrast",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const party = await fillScreens(bench);
      const found: string[] = [];
      for (const look of LOOKS)
        await walkScreens(bench, party, look, async (page, screen) => {
          const violations = await violationsOn(page);
          found.push(
            ...violations.map((line) => `${look.language} ${look.theme} ${look.size} ${screen}: ${line}`),
          );
        });
      deepEqual(found, []);
    }, LINKS_ALLOWED);
  },
);

test(
  "a button without a name and a text that can hardly be read are found on the page of the app",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const page = await bench.tab(await bench.browser());
      await page.getByLabel("Password").waitFor();
      await page.evaluate(() => {
        document.querySelector("h1")!.after(document.createElement("button"));
        document.querySelector("h1")!.style.color = "#eee";
      });
      const rules = (await violationsOn(page)).map((line) => line.slice(0, line.indexOf(":")));
      deepEqual(rules.toSorted(), ["button-name", "color-contrast"]);
    });
  },
);
