/** Somebody at the page: real keys and a real wheel, through the browser's own input. */
import type { Page } from "playwright-core";
import { pause } from "../pause.js";

const KEYS_PER_SECOND = 8;
const WHEEL_STEP_MS = 60;
/** A wheel that was turned runs on a little. */
const WHEEL_RUN_ON_MS = 400;
const WHEEL_PX = 160;
/** Turns of the wheel in one direction. */
const WHEEL_RUN = 12;
/** What is written is taken out again when it gets longer. */
const DRAFT_CHARACTERS_MAX = 200;
/** Names are offered within this time, or nobody is. */
const OFFER_MS_MAX = 5_000;
const FIELD = "form textarea";

export class Person {
  readonly #page: Page;
  #typing: { isOn: boolean; readonly done: Promise<void> } | undefined;
  #draft = "";

  constructor(page: Page) {
    this.#page = page;
  }

  /** What was typed and not taken out again. */
  get draft(): string {
    return this.#draft;
  }

  /** Types the letters of `text`, again and again, until `stopTyping`. */
  async startTyping(text: string): Promise<void> {
    await this.#page.locator(FIELD).click();
    const state = { isOn: true };
    this.#typing = Object.assign(state, { done: this.#type(text.replaceAll(/[^a-zA-Z ]/gu, ""), state) });
  }

  async stopTyping(): Promise<void> {
    if (this.#typing === undefined) return;
    this.#typing.isOn = false;
    await this.#typing.done;
  }

  /** Scrolls up and down, by turns. */
  async scroll(durationMs: number): Promise<void> {
    await this.#page.locator("[role=log]").hover();
    const untilMs = performance.now() + durationMs;
    for (let step = 0; performance.now() < untilMs; step++) {
      // One further up than down, so that it does not stay at the end.
      const isUp = step % (2 * WHEEL_RUN) <= WHEEL_RUN;
      await this.#page.mouse.wheel(0, isUp ? -WHEEL_PX : WHEEL_PX);
      await pause(WHEEL_STEP_MS);
    }
    await pause(WHEEL_RUN_ON_MS);
  }

  /** Whether the page takes it that the newest message is not looked at. */
  async isAway(): Promise<boolean> {
    return (await this.#page.locator("button[data-news]").count()) > 0;
  }

  /** To the newest message. */
  async goToEnd(): Promise<void> {
    // The field keeps the keys that are being typed.
    if (await this.isAway()) await this.#page.locator("button[data-news]").dispatchEvent("click");
  }

  /** Writes "@" and the beginning of a name, key by key. Returns the first one that is offered in the end, "" for nobody. */
  async mention(beginning: string): Promise<string> {
    await this.#page.locator(FIELD).click();
    for (const key of `@${beginning}`) {
      await this.#page.keyboard.press(key);
      await pause(1000 / KEYS_PER_SECOND);
    }
    const first = this.#page.locator("[role=option]").first();
    const offered = await first.innerText({ timeout: OFFER_MS_MAX }).catch(() => "");
    await this.#page.keyboard.press("Control+A");
    await this.#page.keyboard.press("Delete");
    return offered;
  }

  async #type(text: string, state: { readonly isOn: boolean }): Promise<void> {
    const beganMs = performance.now();
    for (let count = 0; state.isOn; count++) {
      const letter = text[count % text.length]!;
      if (this.#draft.length >= DRAFT_CHARACTERS_MAX) {
        await this.#page.keyboard.press("Control+A");
        await this.#page.keyboard.press("Delete");
        this.#draft = "";
      }
      await this.#page.keyboard.press(letter === " " ? "Space" : letter);
      this.#draft += letter;
      await pause(Math.max(0, beganMs + ((count + 1) * 1000) / KEYS_PER_SECOND - performance.now()));
    }
  }

  /** What stands in the field. */
  async written(): Promise<string> {
    return this.#page.locator(FIELD).inputValue();
  }
}
