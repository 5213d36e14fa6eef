/**
 * Goal: cards as people see them and act on them. Method: an application without a browser sends cards, changes them, and hears what
 * people in a browser do with them.
 */
import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { CardActed, ParleyClient } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";
import type { Locator, Page } from "playwright-core";
import { eventually, open, SKIP, withBench, type WebBench, write, WAIT_MS_MAX } from "./testing/web-bench.js";

/** Scripts, gzipped. */
const FIRST_LOAD_BYTES_MAX = 175_000;
/** So often the same means that nothing moves any more. */
const STILL_READS = 12;
const FRAME = { type: "AdaptiveCard", version: "1.5" };

function text(words: string): object {
  return { type: "TextBlock", text: words, wrap: true };
}

/** An approval with a reason that has to be given. */
function approval(words: string, more: readonly object[] = []): Record<string, unknown> {
  const reason = {
    type: "Input.Text",
    id: "reason",
    label: "Reason",
    isRequired: true,
    errorMessage: "Say why.",
  };
  const actions = [
    { type: "Action.Execute", title: "Approve", verb: "approve", data: { order: 7 }, style: "positive" },
  ];
  return { ...FRAME, body: [text(words), ...more, reason], actions };
}

interface Application {
  readonly client: ParleyClient;
  readonly groupId: ConversationId;
  readonly acted: CardActed[];
  readonly send: (card: Record<string, unknown>) => Promise<number>;
}

/** Erik's application, in a group with Alice and Bob. */
async function applicationIn(bench: WebBench): Promise<Application> {
  const client = await bench.client("erik");
  const userIds = ["alice", "bob"] as UserId[];
  const groupId = await client.createGroup({ title: "Orders", userIds, isHistoryOpen: true });
  const acted: CardActed[] = [];
  client.on("cardAction", (one) => acted.push(one));
  await client.open(groupId);
  const send = async (card: Record<string, unknown>): Promise<number> => {
    await client.sendCard(groupId, card);
    await client.settled(WAIT_MS_MAX);
    return client.timeline(groupId)!.messages.at(-1)!.sequence;
  };
  return { client, groupId, acted, send };
}

function articleWith(page: Page, words: string): Locator {
  return page.getByRole("log").getByRole("article").filter({ hasText: words });
}

test(
  "a card asks for what it needs, tells its application what was done, and is updated in place",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const { client, groupId, acted, send } = await applicationIn(bench);
      const sequence = await send(approval("Order 7 for 300"));
      const alice = await bench.signIn(await bench.browser(), "Alice");
      await open(alice, "Orders");
      const card = articleWith(alice, "Order 7 for 300");
      const approve = card.getByRole("button", { name: "Approve" });
      await approve.click();
      await card.getByText("Say why.").waitFor();
      const early = acted.length;
      await card.getByRole("textbox", { name: "Reason" }).fill("It is needed");
      await approve.click();
      await eventually(async () => acted.length, 1);
      const { verb, data, revision, userId } = acted[0]!.action;
      deepEqual(
        [early, verb, JSON.parse(data), revision, userId],
        [0, "approve", { order: 7, reason: "It is needed" }, 1, "alice"],
      );

      await card.getByRole("textbox", { name: "Reason" }).fill("It is nee");
      await client.updateCard(groupId, sequence, { content: approval("Order 7 is at 350 now"), revision: 2 });
      const updated = articleWith(alice, "Order 7 is at 350 now");
      await updated.waitFor();
      const field = updated.getByRole("textbox", { name: "Reason" });
      const focused = await field.evaluate((input) => input === document.activeElement);
      await alice.keyboard.type("ded");
      deepEqual([await field.inputValue(), focused, await card.count()], ["It is needed", true, 0]);
      await updated.getByRole("button", { name: "Approve" }).click();
      await eventually(async () => acted.map(({ action }) => action.revision), [1, 2]);
    });
  },
);

test(
  "two cards do not touch each other, and what is chosen and open in one outlasts its update",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const { client, groupId, send } = await applicationIn(bench);
      const poll = (words: string): Record<string, unknown> => {
        const choices = ["Tea", "Milk"].map((title) => ({ title, value: title }));
        const suggest = [{ type: "Input.Text", id: "other", label: `Other than ${words}` }];
        const card = { type: "AdaptiveCard", body: suggest };
        const actions = [
          { type: "Action.ShowCard", title: "Suggest", card },
          { type: "Action.Execute", title: "Vote", verb: "vote" },
        ];
        const body = [text(words), { type: "Input.ChoiceSet", id: "drink", style: "expanded", choices }];
        return { ...FRAME, body, actions };
      };
      await send(poll("Monday"));
      const sequence = await send(poll("Tuesday"));
      const alice = await bench.signIn(await bench.browser(), "Alice");
      await open(alice, "Orders");
      const monday = articleWith(alice, "Monday");
      const tuesday = articleWith(alice, "Tuesday");
      const tea = { name: "Tea" };
      await monday.getByRole("radio", tea).check();
      await tuesday.getByRole("radio", { name: "Milk" }).check();
      await tuesday.getByRole("button", { name: "Suggest" }).click();
      await tuesday.getByLabel("Other than Tuesday").pressSequentially("Ju");
      await client.updateCard(groupId, sequence, { content: poll("Wednesday"), revision: 2 });
      const wednesday = articleWith(alice, "Wednesday");
      await wednesday.waitFor();
      await alice.keyboard.type("ice");
      const said = await wednesday.getByLabel("Other than Wednesday").inputValue();
      await wednesday.getByRole("button", { name: "Vote" }).focus();
      await client.updateCard(groupId, sequence, { content: poll("Thursday"), revision: 3 });
      const vote = articleWith(alice, "Thursday").getByRole("button", { name: "Vote" });
      await vote.waitFor();
      deepEqual(
        [
          said,
          await vote.evaluate((button) => button === document.activeElement),
          await monday.getByRole("radio", tea).isChecked(),
          await articleWith(alice, "Thursday").getByRole("radio", { name: "Milk" }).isChecked(),
          await alice.locator("#drink, #other").count(),
        ],
        ["Juice", true, true, true, 0],
      );
    });
  },
);

test(
  "what one does with a card is sent once, waits for the connection, and says in words what went wrong",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const { client, groupId, acted, send } = await applicationIn(bench);
      await send(approval("Order 10"));
      const context = await bench.browser();
      const alice = await bench.signIn(context, "Alice");
      await open(alice, "Orders");
      const card = articleWith(alice, "Order 10");
      const approve = card.getByRole("button", { name: "Approve" });
      const reason = card.getByRole("textbox", { name: "Reason" });
      await reason.fill("x".repeat(5_000));
      await approve.click();
      await card.getByText("What you put in is too long to be sent.").waitFor();

      bench.expectTrouble();
      await context.setOffline(true);
      await reason.fill("In time");
      await approve.click();
      await approve.click();
      await card.getByText("Sending…").waitFor();
      await context.setOffline(false);
      await card.getByText("Sent", { exact: true }).waitFor();

      await client.groups.dissolve(groupId);
      await approve.click();
      await card.getByText("You are not in this conversation.").waitFor();
      deepEqual(
        acted.map(({ action }) => action.data),
        ['{"order":7,"reason":"In time"}'],
      );
    });
  },
);

test("a card that cannot be drawn is its words, and the page lives", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const { send } = await applicationIn(bench);
    const broken = [
      { body: "no list" },
      { body: [{ type: "Hologram" }] },
      { body: [], actions: 7 },
      { body: [null, 3, { type: "ColumnSet", columns: 1 }, { type: "Table", rows: [{}], columns: "x" }] },
      { version: "1.0", body: [{ type: "FactSet", facts: "none" }] },
    ];
    for (const [index, one] of broken.entries())
      await send({ ...FRAME, ...one, fallbackText: `Card ${index} in words` });
    await send({ ...FRAME, body: [] });
    const alice = await bench.signIn(await bench.browser(), "Alice");
    // React tells of what its boundary caught.
    bench.expectTrouble(/./u);
    await open(alice, "Orders");
    await alice.getByText("This version cannot show this card.").waitFor();
    for (const [index] of broken.entries()) await articleWith(alice, `Card ${index} in words`).waitFor();
    await write(alice, "still here");
    await articleWith(alice, "still here").waitFor();
  });
});

test(
  "what is read stays where it is when a card above it grows, and a high card is shown in part",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const { client, groupId, send } = await applicationIn(bench);
      for (let line = 0; line < 20; line++) await client.sendText(groupId, `before ${line}`);
      const sequence = await send(approval("Order 8"));
      for (let line = 0; line < 30; line++) await client.sendText(groupId, `after ${line}`);
      await client.settled(WAIT_MS_MAX);
      const alice = await bench.signIn(await bench.browser(), "Alice");
      await open(alice, "Orders");
      const log = alice.getByRole("log");
      const below = log.getByText("after 0", { exact: true });
      const line = log.getByText("after 6", { exact: true });
      // To where the card stands just above the screen, and what is below it at the edge: a row in sight is always there.
      const distance = async (): Promise<number> => {
        if ((await below.count()) === 0) return (await log.getByText(/^before/u).count()) > 0 ? 200 : -200;
        const { y } = (await below.boundingBox())!;
        return Math.round(y - (await log.boundingBox())!.y) - 4;
      };
      // Rows that come into sight are measured, so it takes a few steps.
      let still = 0;
      await eventually(async () => {
        const px = await distance();
        still = px === 0 ? still + 1 : 0;
        await log.evaluate(async (element, by) => {
          element.scrollTop += by;
          const frame = (): Promise<unknown> => new Promise((drawn) => requestAnimationFrame(drawn));
          await frame();
          await frame();
        }, px);
        return still;
      }, STILL_READS);
      await line.waitFor();
      const before = (await line.boundingBox())!.y;
      const lines = Array.from({ length: 40 }, (_, index) => text(`line ${index}`));
      await client.updateCard(groupId, sequence, {
        content: approval("Order 8 in detail", lines),
        revision: 2,
      });
      await articleWith(alice, "Order 8 in detail").waitFor({ state: "attached" });
      await eventually(async () => Math.round((await line.boundingBox())!.y - before), 0);

      const more = articleWith(alice, "Order 8 in detail").getByRole("button", { name: "Show more" });
      await more.scrollIntoViewIfNeeded();
      const cut = (await articleWith(alice, "Order 8 in detail").boundingBox())!.height;
      const less = articleWith(alice, "Order 8 in detail").getByRole("button", { name: "Show less" });
      // While rows are measured the list may move under the click.
      await eventually(async () => {
        if ((await more.count()) > 0) await more.click();
        return less.count();
      }, 1);
      const whole = (await articleWith(alice, "Order 8 in detail").boundingBox())!.height;
      deepEqual([cut < 620, whole > cut + 300], [true, true]);
    });
  },
);

test("a card is used with the keyboard alone, also what is cut off of it", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const { acted, send } = await applicationIn(bench);
    const press = { type: "Action.Execute", verb: "press", associatedInputs: "none" };
    const lines = Array.from({ length: 40 }, (_, index) => text(`line ${index}`));
    await send(
      approval("Order 11", [{ type: "Container", items: [text("Press me")], selectAction: press }, ...lines]),
    );
    const alice = await bench.signIn(await bench.browser(), "Alice");
    await open(alice, "Orders");
    const card = articleWith(alice, "Order 11");
    const more = card.getByRole("button", { name: "Show more" });
    await more.waitFor();
    await card.getByRole("button", { name: "Press me" }).focus();
    await alice.keyboard.press("Enter");
    await card.getByText("Sent", { exact: true }).waitFor();
    await alice.keyboard.press("Tab");
    await card.getByRole("button", { name: "Show less" }).waitFor();
    await alice.keyboard.type("By hand");
    await alice.keyboard.press("Tab");
    await alice.keyboard.press("Enter");
    await eventually(
      async () => acted.map(({ action }) => [action.verb, action.data]),
      [
        ["press", "{}"],
        ["approve", '{"order":7,"reason":"By hand"}'],
      ],
    );
  });
});

test("a private part is seen by its user alone, instead of what all see", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const { client, groupId, send } = await applicationIn(bench);
    const sequence = await send({ ...FRAME, body: [text("Vote now")] });
    const alice = await bench.signIn(await bench.browser(), "Alice");
    const bob = await bench.signIn(await bench.browser(), "Bob");
    for (const page of [alice, bob]) {
      await open(page, "Orders");
      await articleWith(page, "Vote now").waitFor();
    }
    const mine = { ...FRAME, body: [text("You voted for tea")] };
    await client.updateCard(groupId, sequence, { content: mine, revision: 1, userId: "alice" as UserId });
    await articleWith(alice, "You voted for tea").getByText("Only you see this").waitFor();
    await client.updateCard(groupId, sequence, {
      content: { ...FRAME, body: [text("Tea leads")] },
      revision: 2,
    });
    await articleWith(bob, "Tea leads").waitFor();
    deepEqual(
      [
        await articleWith(bob, "You voted").count(),
        await articleWith(alice, "You voted").count(),
        await articleWith(alice, "Tea leads").count(),
      ],
      [0, 1, 0],
    );
    await client.updateCard(groupId, sequence, { content: "", revision: 2, userId: "alice" as UserId });
    await articleWith(alice, "Tea leads").waitFor();
  });
});

test("nothing in a card runs, loads something, or leads where a page must not", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const { send } = await applicationIn(bench);
    const attack = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
    const link = (title: string, url: string): object => ({ type: "Action.OpenUrl", title, url });
    await send({
      ...FRAME,
      body: [
        text(attack),
        text("**plain** [words](javascript:alert(1))"),
        { type: "RichTextBlock", inlines: [{ type: "TextRun", text: attack }] },
        { type: "FactSet", facts: [{ title: attack, value: attack }] },
        { type: "Image", url: "https://tracker.example/pixel.png", altText: "A chart of orders" },
        { type: "Input.Text", id: "x", label: attack, placeholder: attack },
      ],
      actions: [
        link("Bad", "javascript:document.title='taken'"),
        link("Good", "https://orders.example/7"),
        { type: "Action.Submit", title: attack },
      ],
      selectAction: link("Worse", "javascript:document.title='taken'"),
      backgroundImage: "https://tracker.example/back.png",
    });
    const alice = await bench.signIn(await bench.browser(), "Alice");
    await alice.evaluate(() => {
      const opened: string[] = [];
      Object.assign(globalThis, { opened });
      HTMLAnchorElement.prototype.click = function note(this: HTMLAnchorElement) {
        opened.push(`${this.href} ${this.rel} ${this.target}`);
      };
    });
    await open(alice, "Orders");
    const card = articleWith(alice, "A chart of orders");
    await card.getByText("**plain** [words](javascript:alert(1))").waitFor();
    await card.getByRole("link", { name: "Good" }).click();
    deepEqual(
      [
        await card.getByText("Bad").count(),
        await card.locator("img, script, iframe, a").count(),
        await alice.evaluate(() => (globalThis as unknown as { opened: string[] }).opened),
        /taken/u.test(await alice.title()),
      ],
      [0, 0, ["https://orders.example/7 noopener noreferrer nofollow _blank"], false],
    );
  });
});

test(
  "the renderer is loaded with the first card and not before; without it a card is its words",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const { send } = await applicationIn(bench);
      await send({ ...approval("Order 9"), fallbackText: "Order 9 waits for you" });
      // Without the worker, which fetches all code, too.
      const context = await bench.browser({ serviceWorkers: "block" });
      const loaded: string[] = [];
      context.on("request", (request) => {
        if (/card-view.*\.js/u.test(request.url())) loaded.push(request.url());
      });
      const alice = await bench.signIn(context, "Alice");
      await open(alice, "Lunch");
      await write(alice, "no card here");
      await eventually(() => articleWith(alice, "no card here").count(), 1);
      const before = loaded.length;
      await open(alice, "Orders");
      await articleWith(alice, "Order 9").getByRole("button", { name: "Approve" }).waitFor();

      bench.expectTrouble(/./u);
      const bob = await bench.signIn(await bench.browser({ serviceWorkers: "block" }), "Bob");
      await bob.route("**/card-view*.js", (route) => route.abort());
      await open(bob, "Orders");
      const inWords = articleWith(bob, "Order 9 waits for you");
      await inWords.waitFor();
      await bob.unroute("**/card-view*.js");
      await inWords.getByRole("button", { name: "Show this card" }).click();
      await articleWith(bob, "Order 9").getByRole("button", { name: "Approve" }).waitFor();
      deepEqual([before, loaded.length, await inWords.count()], [0, 1, 0]);
    });
  },
);

test("what the first screen loads is small", () => {
  const web = join(dirname(fileURLToPath(import.meta.resolve("@parley/web/package.json"))), "dist");
  const page = readFileSync(join(web, "index.html"), "utf8");
  const scripts = readdirSync(join(web, "assets")).filter((name) => name.endsWith(".js"));
  const first = scripts.filter((name) => page.includes(name));
  const bytes = first.reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(web, "assets", name))).length,
    0,
  );
  const isLater = scripts.some((name) => name.startsWith("card-view") && !first.includes(name));
  deepEqual([first.length > 0, bytes < FIRST_LOAD_BYTES_MAX, isLater], [true, true, true]);
});
