/** The first screen of the web chat: what a browser that has nothing fetches, and when the list of conversations can be used. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { thousandths } from "../rounding.js";
import { ServerProcess } from "../server-process.js";
import { Chromium } from "../web/chromium.js";
import { type Crowd, PASSWORD, prepareCrowd, READER } from "../web/crowd.js";
import { fetchedScripts } from "../web/page-probe.js";
import type { Report } from "./direct-report.js";

export interface WebStartPlan {
  /** In the list. */
  readonly conversations: number;
}

/** Of the group besides them. */
const MEMBERS = 100;
const ROWS = "nav [role=listitem] button";
/** What is aimed at. */
const SCRIPT_BYTES = 250 * 1024;
const LIST_MS = 1_000;

export async function measureWebStart(plan: WebStartPlan, say: (line: string) => void): Promise<Report> {
  const chromium = await Chromium.start();
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  let server: ServerProcess | undefined;
  let crowd: Crowd | undefined;
  try {
    crowd = await prepareCrowd({ dataDirectory, members: MEMBERS });
    server = await ServerProcess.start({ dataDirectory });
    say(`making ${plan.conversations} conversations`);
    await crowd.open(server.webSocketUrl, plan.conversations - 1);
    const measured = await chromium.open();
    const { page } = measured;
    const untilList = async (beganMs: number): Promise<number> => {
      await page.locator(ROWS).first().waitFor();
      // It answers: what is clicked opens.
      await page.locator(ROWS).first().click();
      await page.locator("main [role=log]").waitFor();
      return thousandths(performance.now() - beganMs);
    };
    const openedMs = performance.now();
    await page.goto(server.url);
    await page.locator("input[name=password]").waitFor();
    const formMs = thousandths(performance.now() - openedMs);
    const scripts = await page.evaluate(fetchedScripts);
    // The app's files for the next visit are fetched now, which takes less long than to type a password.
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    const used = await measured.use();
    const firstMs = await untilList(await measured.signIn(READER, PASSWORD));
    const firstTaskMs = thousandths(((await measured.use()).taskSeconds - used.taskSeconds) * 1000);
    await page.goto("about:blank");
    const againMs = performance.now();
    await page.goto(server.url);
    const listMs = await untilList(againMs);
    const complaints: string[] = [];
    if (scripts.bytes === 0) complaints.push("No script was fetched.");
    if (scripts.bytes > SCRIPT_BYTES)
      complaints.push(`${scripts.bytes} bytes of script were fetched; ${SCRIPT_BYTES} is aimed at.`);
    for (const [what, tookMs] of [
      ["after the password", firstMs],
      ["at the next visit", listMs],
    ] as const)
      if (tookMs > LIST_MS) complaints.push(`The list took ${tookMs} ms ${what}; ${LIST_MS} is aimed at.`);
    return {
      figures: {
        script_bytes: scripts.bytes,
        scripts: scripts.count,
        form_ms: formMs,
        list_after_password_ms: firstMs,
        tasks_after_password_ms: firstTaskMs,
        list_next_visit_ms: listMs,
        conversations: plan.conversations,
        node: process.version,
      },
      complaints,
    };
  } finally {
    await crowd?.close();
    await chromium.close();
    await server?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}
