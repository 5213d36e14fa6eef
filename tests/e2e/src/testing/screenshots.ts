/** Makes pictures of the main screens in both languages and themes, for a desktop and a telephone. First argument: the folder. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LINKS_ALLOWED } from "./link-site.js";
import { fillScreens, LOOKS, walkScreens } from "./main-screens.js";
import { endBrowser, SKIP, withBench } from "./web-bench.js";

const [, , folder = ".parley/screenshots", only = ""] = process.argv;

if (typeof SKIP === "string") throw new Error(`No pictures can be made: ${SKIP}.`);
await mkdir(folder, { recursive: true });
await withBench(async (bench) => {
  const party = await fillScreens(bench);
  for (const look of LOOKS) {
    const name = `${look.language}-${look.theme}-${look.size}`;
    if (!name.includes(only)) continue;
    await walkScreens(bench, party, look, async (page, screen) => {
      await page.screenshot({ path: join(folder, `${name}-${screen}.png`), animations: "disabled" });
    });
    process.stderr.write(`parley: ${name}\n`);
  }
}, LINKS_ALLOWED);
await endBrowser();
