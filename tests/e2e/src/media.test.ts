/**
 * Goal: files as people send and see them. Method: two people, files made here, given by the button, by pasting and by dropping;
 * what arrives is measured in the page and compared byte by byte where it is saved.
 */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { choose, drop, paste, savedBy } from "./testing/file-gestures.js";
import { plainFile, pngFile, type TestFile, wavFile } from "./testing/files.js";
import { conversationIn, eventually, open, SKIP, withBench, write } from "./testing/web-bench.js";

const SEA = pngFile("sea.png", { width: 800, height: 600 }, [20, 90, 160]);
const WOOD = pngFile("wood.png", { width: 300, height: 900 }, [30, 110, 50]);
const REPORT = plainFile("report.pdf", "application/pdf", "%PDF-1.7\n% not much in it\n");

function chips(page: Page): Locator {
  return page.getByRole("list", { name: "Files to send" }).getByRole("listitem");
}

function picture(page: Page, name: string): Locator {
  return page.getByRole("log").getByRole("button", { name: `Open picture ${name}` });
}

/** Attaches files and sends them when they are uploaded. */
async function send(page: Page, ...files: readonly TestFile[]): Promise<void> {
  await choose(page, ...files);
  await eventually(() => chips(page).filter({ hasText: "Ready" }).count(), files.length);
  await page.keyboard.press("Enter");
  await eventually(() => chips(page).count(), 0);
}

/** Width and height of an element, and where it ends. */
async function boxOf(locator: Locator): Promise<readonly number[]> {
  const { width, height, y } = (await locator.boundingBox())!;
  return [width, height, y].map(Math.round);
}

test(
  "files are pasted, dropped and chosen, sent with words, and arrive as what they are in the room kept for them",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const alice = await bench.signIn(await bench.browser(), "Alice");
      const bob = await bench.signIn(await bench.browser(), "Bob");
      await open(bob, "Lunch");
      await open(alice, "Lunch");
      await paste(alice, SEA);
      await drop(alice, WOOD);
      await choose(alice, REPORT);
      await eventually(() => chips(alice).filter({ hasText: "Ready" }).count(), 3);
      const previews = await chips(alice).locator("img").count();
      let showPictures = (): void => undefined;
      const shown = new Promise<void>((resolve) => {
        showPictures = resolve;
      });
      await bob.route("**/media/*?thumbnail=1", async (route) => {
        await shown;
        await route.continue();
      });
      await write(alice, "from the trip");
      await eventually(() => chips(alice).count(), 0);
      await bob.bringToFront();
      await picture(bob, "wood.png").waitFor();
      const boxes = async (): Promise<unknown> => [
        await boxOf(picture(bob, "sea.png")),
        await boxOf(picture(bob, "wood.png")),
      ];
      const before = await boxes();
      const imagesBefore = await bob.getByRole("log").locator("img").count();
      showPictures();
      await eventually(() => bob.getByRole("log").locator("img").count(), 2);
      await picture(bob, "wood.png")
        .locator("img")
        .evaluate((image: HTMLImageElement) => image.decode());
      const sizes = [picture(bob, "sea.png"), picture(bob, "wood.png")].map(async (one) =>
        (await boxOf(one)).slice(0, 2),
      );
      deepEqual(
        [previews, imagesBefore, await boxes(), await Promise.all(sizes)],
        [
          2,
          0,
          before,
          [
            [340, 255],
            [100, 300],
          ],
        ],
      );
      await bob
        .getByRole("article")
        .filter({ hasText: "from the trip" })
        .getByRole("button", { name: /sea/u })
        .waitFor();
      deepEqual(/File: report\.pdf/u.test(await conversationIn(bob, "Lunch").innerText()), true);

      const saved = await savedBy(bob, bob.getByRole("button", { name: "Save report.pdf" }));
      deepEqual([saved.name, saved.content.equals(REPORT.buffer)], ["report.pdf", true]);
    });
  },
);

test("rich words stand before the files that they were sent with", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const alice = await bench.signIn(await bench.browser(), "Alice");
    await open(alice, "Lunch");
    await choose(alice, REPORT);
    await eventually(() => chips(alice).filter({ hasText: "Ready" }).count(), 1);
    await write(alice, "This is the **new** one");
    await eventually(() => chips(alice).count(), 0);
    const last = async (): Promise<readonly string[]> => {
      const texts = await alice.getByRole("log").getByRole("article").allInnerTexts();
      return texts.slice(-2).map((text) => /This is the new one|report\.pdf/u.exec(text)?.[0] ?? text);
    };
    await eventually(last, ["This is the new one", "report.pdf"]);
  });
});

test(
  "a picture is viewed whole, the arrow keys lead to the others, and it is saved as it was sent",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const alice = await bench.signIn(await bench.browser(), "Alice");
      await open(alice, "Lunch");
      await send(alice, SEA);
      await send(alice, WOOD);
      const preview = await conversationIn(alice, "Lunch").innerText();
      await alice.reload();
      await picture(alice, "sea.png").locator("img").waitFor();
      await picture(alice, "sea.png").click();
      const viewer = alice.getByRole("dialog", { name: "Picture" });
      const whole = (name: string): Locator => viewer.getByRole("img", { name });
      await whole("sea.png").waitFor();
      const natural = (name: string): Promise<number> =>
        whole(name).evaluate((image: HTMLImageElement) => image.naturalWidth);
      await eventually(() => natural("sea.png"), 800);
      const first = await viewer.getByText("1 of 2").count();
      await alice.keyboard.press("ArrowRight");
      await eventually(() => natural("wood.png"), 300);
      await alice.keyboard.press("ArrowRight");
      const last = await viewer.getByText("2 of 2").count();
      const saved = await savedBy(alice, viewer.getByRole("button", { name: "Save wood.png" }));
      await alice.keyboard.press("ArrowLeft");
      await whole("sea.png").waitFor();
      await alice.keyboard.press("Escape");
      await eventually(() => viewer.count(), 0);
      const focused = await picture(alice, "sea.png").evaluate((button) => button === document.activeElement);
      deepEqual(
        [/You: Photo/u.test(preview), first, last, saved.name, saved.content.equals(WOOD.buffer), focused],
        [true, 1, 1, "wood.png", true, true],
      );
    });
  },
);

test("a sound is fetched when it is played, by the browser’s own player", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const alice = await bench.signIn(await bench.browser(), "Alice");
    await open(alice, "Lunch");
    await send(alice, wavFile("call.wav"));
    await alice.reload();
    const fetched: string[] = [];
    alice.on("request", (request) => {
      if (/\/messages\/\d+\/media\//u.test(request.url())) fetched.push(request.url());
    });
    const play = alice.getByRole("button", { name: /^Play.*call\.wav/u });
    await play.waitFor();
    const about = await play.innerText();
    const before = fetched.length;
    await play.click();
    const player = alice.locator("audio[controls]");
    await eventually(() => player.evaluate((audio: HTMLAudioElement) => audio.duration), 0.5);
    deepEqual([before, fetched.length, /0:01 · 4 kB/u.test(about)], [0, 1, true]);
  });
});

test(
  "what lies about its type is refused, and what a browser might run is saved and never shown",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const script = "<script>document.title = 'taken'</script>";
      const lie = plainFile("holiday.png", "image/png", `<html>${script}</html>`);
      const drawing = plainFile(
        "drawing.svg",
        "image/svg+xml",
        `<svg xmlns="http://www.w3.org/2000/svg"><script>document.title = "taken"</script></svg>`,
      );
      const page = plainFile("page.html", "text/html", `<html>${script}</html>`);
      bench.expectTrouble();
      const alice = await bench.signIn(await bench.browser(), "Alice");
      await open(alice, "Lunch");
      await choose(alice, lie, drawing, page);
      await chips(alice).filter({ hasText: "The file is not what its name says" }).waitFor();
      await eventually(() => chips(alice).filter({ hasText: "Ready" }).count(), 2);
      await write(alice, "look at these");
      await eventually(() => chips(alice).count(), 1);
      await alice.getByRole("button", { name: "Remove holiday.png" }).click();
      await eventually(() => chips(alice).count(), 0);
      const log = alice.getByRole("log");
      const saved = await savedBy(alice, log.getByRole("button", { name: "Save drawing.svg" }));
      await log.getByRole("button", { name: "Save page.html" }).waitFor();
      deepEqual(
        [saved.content.equals(drawing.buffer), await log.locator("img, iframe, object").count()],
        [true, 0],
      );
      deepEqual(/taken/u.test(await alice.title()), false);
    });
  },
);

test(
  "an upload goes on when the connection is back, and a picture that did not come is asked for again",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const context = await bench.browser();
      const alice = await bench.signIn(context, "Alice");
      await open(alice, "Lunch");
      bench.expectTrouble();
      // Noise does not shrink: parts of one MiB each.
      const large = plainFile("large.bin", "application/octet-stream", noise(5 * 1024 * 1024));
      let appended = 0;
      await context.route("**/v1/media/*", async (route) => {
        if (route.request().method() !== "PATCH") return route.continue();
        appended += 1;
        // The second part is cut while it is on its way, and so is the next try.
        return appended === 2 || appended === 3 ? route.abort() : route.continue();
      });
      await choose(alice, large, SEA);
      await write(alice, "both of them");
      const waits = chips(alice).filter({ hasText: "Waits for the connection" });
      await waits.first().waitFor();
      await eventually(() => chips(alice).count(), 0);
      const log = alice.getByRole("log");
      await picture(alice, "sea.png").waitFor();
      const saved = await savedBy(alice, log.getByRole("button", { name: "Save large.bin" }));
      deepEqual([saved.content.equals(large.buffer), appended > 3], [true, true]);

      await context.route("**/media/*?thumbnail=1", (route) => route.abort());
      await alice.reload();
      const failed = log.getByRole("group", { name: "sea.png" });
      await failed.getByText("The server cannot be reached").waitFor();
      await context.unroute("**/media/*?thumbnail=1");
      await failed.getByRole("button", { name: "Retry" }).click();
      await picture(alice, "sea.png").locator("img").waitFor();
    });
  },
);

test(
  "what is too large, too many or empty is said in words, and words come back when all files are taken away",
  { skip: SKIP },
  async () => {
    await withBench(
      async (bench) => {
        const alice = await bench.signIn(await bench.browser(), "Alice");
        await open(alice, "Lunch");
        bench.expectTrouble();
        const alert = alice.getByRole("region", { name: "Lunch" }).getByRole("alert");
        await choose(alice, plainFile("empty.txt", "text/plain", ""));
        await alert.getByText("An empty file cannot be sent.").waitFor();
        const many = Array.from({ length: 11 }, (_, index) => plainFile(`f${index}.txt`, "text/plain", "x"));
        await choose(alice, ...many);
        await alert.getByText("At most 10 files at a time.").waitFor();
        const taken = await chips(alice).count();
        for (let index = 0; index < taken; index++)
          await chips(alice)
            .first()
            .getByRole("button", { name: /^Remove/u })
            .click();
        await choose(alice, plainFile("huge.bin", "application/octet-stream", noise(2 * 1024 * 1024)));
        await chips(alice).getByText("The file is larger than this server takes.").waitFor();
        await alice.getByRole("button", { name: "Remove huge.bin" }).click();

        await alice.route("**/v1/media", () => undefined);
        await choose(alice, REPORT);
        await write(alice, "here it is");
        const field = alice.getByRole("textbox", { name: /^Message/u });
        await eventually(() => field.inputValue(), "");
        await alice.getByRole("button", { name: "Remove report.pdf" }).click();
        await eventually(() => field.inputValue(), "here it is");
        deepEqual(taken, 10);
      },
      ["--media-mb", "1"],
    );
  },
);

/** Bytes that look like chance and are the same each time. */
function noise(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let state = 1;
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    buffer[at] = state >>> 24;
  }
  return buffer;
}
