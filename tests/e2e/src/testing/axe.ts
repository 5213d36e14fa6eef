/** What axe finds wrong on a page for people who use it without a mouse, with a screen reader, or with little contrast. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import type { AxeResults, RunOptions } from "axe-core";

const SOURCE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const GRAVE: readonly unknown[] = ["serious", "critical"];

/** The violations of serious or critical impact: the rule and the place of each. The policy of the page stands: nothing is loaded. */
export async function violationsOn(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(SOURCE);
  const { violations } = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      readonly axe: { readonly run: (root: Document, options: RunOptions) => Promise<AxeResults> };
    };
    return axe.run(document, { resultTypes: ["violations"] });
  });
  return violations
    .filter(({ impact }) => GRAVE.includes(impact))
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${String(target)}: ${failureSummary}`),
    );
}
