/** A real browser for measurements, and what it says of its own processes. */
import { existsSync } from "node:fs";
import { type Browser, type CDPSession, chromium, type Page } from "playwright-core";
import { installProbe } from "./page-probe.js";

const CHROMIUM = process.env["PARLEY_CHROMIUM"] ?? "/usr/bin/chromium";
const VIEWPORT = { width: 1100, height: 700 };
const PAGE_WAIT_MS_MAX = 30_000;
/** Microseconds between two samples of a profile. */
const PROFILE_STEP_US = 200;

/** What a page has used so far. Times in seconds. */
export interface PageUse {
  /** All work of the page's main thread, and the parts of it. */
  readonly taskSeconds: number;
  readonly scriptSeconds: number;
  readonly layoutSeconds: number;
  /** Of the page's process, all its threads together. */
  readonly processSeconds: number;
}

export class Chromium {
  readonly #browser: Browser;
  readonly #control: CDPSession;

  private constructor(browser: Browser, control: CDPSession) {
    this.#browser = browser;
    this.#control = control;
  }

  /** Errors: an Error that says where Chromium was looked for, when it is not there. */
  static async start(): Promise<Chromium> {
    if (!existsSync(CHROMIUM))
      throw new Error(`There is no Chromium at ${CHROMIUM}: install it, or name another in PARLEY_CHROMIUM.`);
    const args = ["--no-sandbox", "--process-per-tab", "--enable-precise-memory-info"];
    const browser = await chromium.launch({ executablePath: CHROMIUM, args });
    return new Chromium(browser, await browser.newBrowserCDPSession());
  }

  /** A page in a profile of its own, with nothing in its cache, that notes what it does. */
  async open(): Promise<MeasuredPage> {
    const context = await this.#browser.newContext({
      locale: "en",
      reducedMotion: "reduce",
      viewport: VIEWPORT,
    });
    context.setDefaultTimeout(PAGE_WAIT_MS_MAX);
    await context.addInitScript(installProbe);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    return new MeasuredPage(page, session, this.#control);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

export class MeasuredPage {
  readonly page: Page;
  readonly #session: CDPSession;
  readonly #control: CDPSession;

  constructor(page: Page, session: CDPSession, control: CDPSession) {
    this.page = page;
    this.#session = session;
    this.#control = control;
  }

  async use(): Promise<PageUse> {
    const { metrics } = await this.#session.send("Performance.getMetrics");
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
    const { processInfo } = await this.#control.send("SystemInfo.getProcessInfo");
    const renderers = processInfo.filter(({ type }) => type === "renderer");
    return {
      taskSeconds: of("TaskDuration"),
      scriptSeconds: of("ScriptDuration"),
      layoutSeconds: of("LayoutDuration") + of("RecalcStyleDuration"),
      processSeconds: renderers.reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    };
  }

  /** What is still in use of the heap when its garbage is gone. */
  async heapBytes(): Promise<number> {
    await this.#session.send("HeapProfiler.collectGarbage");
    return (await this.#session.send("Runtime.getHeapUsage")).usedSize;
  }

  async startProfile(): Promise<void> {
    await this.#session.send("Profiler.enable");
    await this.#session.send("Profiler.setSamplingInterval", { interval: PROFILE_STEP_US });
    await this.#session.send("Profiler.start");
  }

  /** The profile, in the form that Chromium's own tools open. */
  async stopProfile(): Promise<string> {
    return JSON.stringify((await this.#session.send("Profiler.stop")).profile);
  }

  /** Signs in on the page that asks who one is, which has to be open. Returns when the password was sent off, on `performance.now()`. */
  async signIn(user: string, password: string): Promise<number> {
    await this.page.locator("input[name=username]").fill(user);
    await this.page.locator("input[name=password]").fill(password);
    const sentMs = performance.now();
    await this.page.keyboard.press("Enter");
    return sentMs;
  }
}
