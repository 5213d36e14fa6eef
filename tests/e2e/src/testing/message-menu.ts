/** The menu of a message, as a person with a mouse opens it. */
import type { Locator, Page } from "playwright-core";
import { messageIn } from "./web-bench.js";

/** Opens the menu of the newest message that says this, once it is accepted. */
export async function openMenuOf(page: Page, text: string): Promise<void> {
  await accepted(page, text);
  const message = messageIn(page, text).last();
  await message.hover();
  await menuButton(message).click();
}

/** Chooses the entry that is called exactly this. */
export async function chooseInMenuOf(page: Page, text: string, entry: string): Promise<void> {
  await openMenuOf(page, text);
  await page.getByRole("menuitem", { name: entry, exact: true }).click();
}

/** Resolves once the server has accepted what was written: until then there is no menu. */
export async function accepted(page: Page, text: string): Promise<void> {
  await menuButton(messageIn(page, text).last()).waitFor({ state: "attached" });
}

function menuButton(message: Locator): Locator {
  return message.getByRole("button", { name: "Message actions" });
}
