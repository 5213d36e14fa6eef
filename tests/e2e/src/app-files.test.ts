/**
 * Goal: the app starts without a network, a new deployment is offered and taken whole, and nothing of a user is held with the app's files.
 *
 * Method: the server is killed; a proxy answers with the files of another version.
 */
import { deepEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { HttpProxy } from "@parley/test-support";
import type { Page } from "playwright-core";
import { accepted } from "./testing/message-menu.js";
import { conversationIn, eventually, open, SKIP, textsOf, withBench, write } from "./testing/web-bench.js";

/** The addresses of all that is held of the app, in all versions. */
const heldIn = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () => {
    const caches = await Promise.all((await self.caches.keys()).map((name) => self.caches.open(name)));
    const requests = await Promise.all(caches.map((cache) => cache.keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname);
  });

/** Waits until the worker answers for the page. */
const ofWorker = (page: Page): Promise<void> =>
  eventually(() => page.evaluate(() => navigator.serviceWorker.controller !== null), true);

test(
  "without a network the app starts with all its code, and shows what the device has",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const context = await bench.browser();
      const first = await bench.signIn(context, "Alice");
      await open(first, "Lunch");
      await write(first, "the soup was good");
      await accepted(first, "the soup was good");
      await ofWorker(first);
      const held = await heldIn(first);
      await first.close();
      bench.expectTrouble();
      await bench.server.stop("SIGKILL");

      const page = await context.newPage();
      await page.goto(bench.server.url);
      await open(page, "Lunch");
      await eventually(async () => (await textsOf(page)).at(-1), "the soup was good");
      // With code that came late.
      await page.getByRole("searchbox").fill("soup");
      await page.getByText("No connection: only what this device holds was searched.").waitFor();
      await page.getByRole("navigation").getByText("the soup was good").last().waitFor();
      const others = held.filter((path) => path !== "/" && !/^\/(assets\/|icon|manifest)/u.test(path));
      deepEqual([others, held.some((path) => path.includes("/card-view-"))], [[], true]);
    });
  },
);

test(
  "who signs out without a network leaves the app's files and nothing of one's own",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const context = await bench.browser({ permissions: ["notifications"] });
      const page = await bench.signIn(context, "Alice");
      await ofWorker(page);
      const before = await heldIn(page);
      await page.evaluate(async () => (await navigator.serviceWorker.ready).showNotification("Launch"));
      bench.expectTrouble();
      await context.setOffline(true);
      await page.getByRole("button", { name: /^Menu/u }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("dialog").last().getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Password").waitFor();
      const shown = (): Promise<number> =>
        page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).length);
      await eventually(shown, 0);
      await eventually(() => page.evaluate(async () => (await indexedDB.databases()).length), 0);
      await page.reload();
      await page.getByLabel("Password").waitFor();
      deepEqual(await heldIn(page), before);
    });
  },
);

test(
  "a browser may install the app: its manifest and pictures are there, of the right types",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const page = await bench.tab(await bench.browser());
      const devtools = await page.context().newCDPSession(page);
      const { url, errors, data } = await devtools.send("Page.getAppManifest");
      const manifest = JSON.parse(data ?? "{}") as { icons: readonly { src: string; type: string }[] };
      const types = await Promise.all(
        [url, ...manifest.icons.map(({ src }) => src), "/icon-apple-180.png"].map(async (address) => {
          const response = await fetch(new URL(address, bench.server.url));
          return `${response.status} ${response.headers.get("content-type")}`;
        }),
      );
      const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
      deepEqual(
        [errors, types, installabilityErrors.map(({ errorId }) => errorId)],
        [
          [],
          [
            "200 application/manifest+json",
            "200 image/svg+xml",
            ...Array.from({ length: 4 }, () => "200 image/png"),
          ],
          // The pages of these tests are as in a private window.
          ["in-incognito"],
        ],
      );
    });
  },
);

test(
  "a new version is offered; the old page goes on with its own files until it is taken",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const proxy = await HttpProxy.start(bench.server.url);
      try {
        const context = await bench.browser({}, proxy.url);
        const page = await context.newPage();
        await page.goto(proxy.url);
        await page.getByRole("button", { name: "Alice" }).click();
        await conversationIn(page, "Launch").waitFor();
        await ofWorker(page);
        const late = (await heldIn(page)).find((path) => path.includes("/card-view-"))!;

        await deploy(proxy);
        await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
        const line = page.getByRole("status").filter({ hasText: "A new version is there." });
        await line.waitFor();
        const old = await page.evaluate(
          async (path) => [document.documentElement.dataset["build"], (await fetch(path)).status],
          late,
        );
        await open(page, "Lunch");
        await line.getByRole("button", { name: "Reload" }).click();
        await eventually(() => page.evaluate(() => document.documentElement.dataset["build"]), "next");
        await page.getByRole("region", { name: "Lunch" }).getByRole("article").first().waitFor();
        deepEqual([old, await line.count()], [[undefined, 200], 0]);
        await context.close();
      } finally {
        await proxy.close();
      }
    });
  },
);

/** Serves another page, and a worker that lists it, without the code of cards. */
async function deploy(proxy: HttpProxy): Promise<void> {
  const page = (await (await fetch(proxy.url)).text()).replace("<html ", `<html data-build="next" `);
  const worker = await (await fetch(`${proxy.url}/service-worker.js`)).text();
  const [first = "", ...code] = worker.split("\n");
  const shell = JSON.parse(first.slice(first.indexOf("{"), -1)) as { files: Record<string, string> };
  const kept = Object.entries(shell.files).filter(([path]) => !path.includes("/card-view-"));
  const files = { ...Object.fromEntries(kept), "/": createHash("sha256").update(page).digest("hex") };
  const list = `self.PARLEY_SHELL=${JSON.stringify({ version: "next", files })};`;
  proxy.answers.set("/", { type: "text/html", content: page });
  proxy.answers.set("/service-worker.js", { type: "text/javascript", content: [list, ...code].join("\n") });
}
