/** What people do with files on a page. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import type { TestFile } from "./files.js";

/** Chooses files with the button. */
export async function choose(page: Page, ...files: readonly TestFile[]): Promise<void> {
  await page.locator("input[type=file]").setInputFiles([...files]);
}

/** Pastes files into the field. */
export async function paste(page: Page, ...files: readonly TestFile[]): Promise<void> {
  await giveTo(page.getByRole("textbox", { name: /^Message/u }), "paste", files);
}

/** Drops files on the messages. */
export async function drop(page: Page, ...files: readonly TestFile[]): Promise<void> {
  const log = page.getByRole("log");
  for (const type of ["dragenter", "dragover", "drop"] as const) await giveTo(log, type, files);
}

/** The bytes that a click makes the browser save, and under which name. */
export async function savedBy(
  page: Page,
  button: Locator,
): Promise<{ readonly name: string; readonly content: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

async function giveTo(
  target: Locator,
  type: "paste" | "dragenter" | "dragover" | "drop",
  files: readonly TestFile[],
): Promise<void> {
  const given = files.map(({ name, mimeType, buffer }) => ({
    name,
    mimeType,
    content: buffer.toString("base64"),
  }));
  await target.evaluate(
    (element, event) => {
      const transfer = new DataTransfer();
      for (const { name, mimeType, content } of event.given) {
        const bytes = Uint8Array.from(atob(content), (sign) => sign.codePointAt(0)!);
        transfer.items.add(new File([bytes], name, { type: mimeType }));
      }
      const options = { bubbles: true, cancelable: true };
      element.dispatchEvent(
        event.type === "paste"
          ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
          : new DragEvent(event.type, { ...options, dataTransfer: transfer }),
      );
    },
    { type, given },
  );
}
