/**
 * A server, a browser, and pages of the web chat in which nothing may go wrong unseen: every error on a console, every
 * exception, and every request to another place is noted, and `close` refuses them.
 */
import { deepEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { after } from "node:test";
import { createNodeClient, login } from "@parley/client/node";
import type { ParleyClient } from "@parley/client";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { ServerProcess } from "./server-process.js";

export const PASSWORD = "parley-demo";
const CHROMIUM = process.env["PARLEY_CHROMIUM"] ?? "/usr/bin/chromium";
/** A condition that does not come true by then fails the test. */
export const WAIT_MS_MAX = 20_000;
const POLL_MS = 20;
/** What the browser itself writes about a network that is not there. */
const NETWORK_TROUBLE = /^(Failed to load resource|WebSocket connection to)/u;

// Tabs with processes of their own: one of them can be killed.
const LAUNCH = { executablePath: CHROMIUM, args: ["--no-sandbox", "--process-per-tab"] };
const LOOK: BrowserContextOptions = {
  locale: "en",
  reducedMotion: "reduce",
  viewport: { width: 1100, height: 700 },
};

/** For the `skip` of a test: false, or why it cannot run here. */
export const SKIP = existsSync(CHROMIUM)
  ? false
  : `no Chromium at ${CHROMIUM}; PARLEY_CHROMIUM names another`;

/** One process for all tests: what they store is apart, in contexts. */
let launched: Promise<Browser> | undefined;
after(endBrowser);

/** Ends that process. Tests need not call it; another program does not end without it. */
export async function endBrowser(): Promise<void> {
  await (await launched)?.close();
}

export class WebBench {
  readonly server: ServerProcess;
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  readonly #wrong: string[] = [];
  readonly #clients: ParleyClient[] = [];
  readonly #atEnd: (() => Promise<void>)[] = [];
  /** What may stand on a console. */
  #expected: RegExp | undefined;

  private constructor(server: ServerProcess, browser: Browser) {
    this.server = server;
    this.#browser = browser;
  }

  static async start(serverOptions: readonly string[] = []): Promise<WebBench> {
    const starting = ServerProcess.start(serverOptions);
    const browser = await (launched ??= chromium.launch(LAUNCH));
    return new WebBench(await starting, browser);
  }

  /** From here on failed requests, or other errors, are what the test is about. */
  expectTrouble(expected: RegExp = NETWORK_TROUBLE): void {
    this.#expected = expected;
  }

  /** A browser of its own: what it stores is seen by its pages only; they talk to `url` alone. */
  async browser(options: BrowserContextOptions = {}, url = this.server.url): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ ...LOOK, ...options });
    this.#contexts.push(context);
    return this.#watch(context, url);
  }

  /** A browser that keeps what it stores in `directory`, for the next one there; closing it ends its process. */
  async profile(directory: string, options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await chromium.launchPersistentContext(directory, { ...LAUNCH, ...LOOK, ...options });
    this.atEnd(() => context.close());
    return this.#watch(context, this.server.url);
  }

  /** Runs before the browser and the server end. */
  atEnd(close: () => Promise<void>): void {
    this.#atEnd.push(close);
  }

  #watch(context: BrowserContext, url: string): BrowserContext {
    context.setDefaultTimeout(WAIT_MS_MAX);
    context.on("console", (message) => {
      if (message.type() === "error" && this.#expected?.test(message.text()) !== true)
        this.#note(message.text());
    });
    context.on("weberror", (error) => this.#note(String(error.error())));
    context.on("request", (request) => {
      // The page's own objects have an address, too.
      if (
        !request
          .url()
          .replace(/^blob:/u, "")
          .startsWith(url)
      )
        this.#note(`a request to ${request.url()}`);
    });
    return context;
  }

  /** A new tab with the sign-in page. */
  async tab(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(this.server.url);
    return page;
  }

  /** A new tab in which a person of the demo is signed in; in a browser that is signed in already nobody is asked. */
  async signIn(context: BrowserContext, name: string): Promise<Page> {
    const page = await this.tab(context);
    const [form, list] = [page.getByLabel("Password"), conversationIn(page, "Launch")];
    await form.or(list).first().waitFor();
    if (await form.isVisible()) await page.getByRole("button", { name }).click();
    await list.waitFor();
    return page;
  }

  /** A person without a browser. */
  async client(user: string): Promise<ParleyClient> {
    const { url } = this.server;
    const { token, userId, deviceId } = await login(url, { user, password: PASSWORD, device: "e2e" });
    const client = createNodeClient({ url, token, userId, deviceId });
    this.#clients.push(client);
    await client.start();
    await client.settled(WAIT_MS_MAX);
    return client;
  }

  /** Closes everything, then fails when something went wrong in a page. */
  async close(): Promise<void> {
    for (const client of this.#clients) await client.stop();
    for (const close of this.#atEnd.toReversed()) await close();
    for (const context of this.#contexts) await context.close();
    await this.server.close();
    deepEqual(this.#wrong, []);
  }

  #note(text: string): void {
    this.#wrong.push(text);
  }
}

/** Runs a test with a bench of its own; `serverOptions` are the command line's of its server. */
export async function withBench(
  run: (bench: WebBench) => Promise<void>,
  serverOptions: readonly string[] = [],
): Promise<void> {
  const bench = await WebBench.start(serverOptions);
  try {
    await run(bench);
  } finally {
    await bench.close();
  }
}

/** Waits until `read` gives `expected`; fails with the difference when it never does. */
export async function eventually<T>(read: () => Promise<T>, expected: T): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const value = await read();
    if (isEqual(value, expected)) return;
    if (Date.now() > deadlineMs) return deepEqual(value, expected);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** An entry of the list of conversations, by the beginning of its name. */
export function conversationIn(page: Page, name: string): Locator {
  return page.getByRole("navigation").getByRole("button", { name: new RegExp(`^${name}`, "u") });
}

/** The messages that say exactly this. */
export function messageIn(page: Page, text: string): Locator {
  return page
    .getByRole("log")
    .getByRole("article")
    .filter({ has: page.getByText(text, { exact: true }) });
}

/** Opens a conversation and waits for its messages. A tab in the background would take seconds to do so. */
export async function open(page: Page, name: string): Promise<void> {
  await page.bringToFront();
  await conversationIn(page, name).click();
  await page.getByRole("region", { name }).getByRole("article").first().waitFor();
}

export async function write(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: /^Message/u }).fill(text);
  await page.keyboard.press("Enter");
}

/** The texts of the messages that are in the page, from top to bottom. */
export async function textsOf(page: Page): Promise<readonly string[]> {
  return page.getByRole("log").locator("article [dir=auto]").allInnerTexts();
}

/** The number on the badge of a conversation, "" when there is none. */
export async function unreadOf(page: Page, name: string): Promise<string> {
  const badges = conversationIn(page, name).getByLabel(/unread message/u);
  return (await badges.allInnerTexts()).join();
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
