/** Whether somebody is at the page: it can be seen, and was used a short while ago. */

/** Nobody is there any more after so long without a key, a finger or a mouse. */
export const IDLE_MS = 5 * 60_000;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

export interface ActivityWorld {
  readonly page: Pick<Document, "visibilityState" | "addEventListener" | "removeEventListener">;
  readonly nowMs: () => number;
  /** Runs something later; returns what cancels it. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

/** Calls `tell` at once and with every change, until the returned function is called. */
export function watchActivity(world: ActivityWorld, tell: (isActive: boolean) => void): () => void {
  const { page, nowMs, after } = world;
  let usedMs = nowMs();
  let told: boolean | undefined;
  let cancel = (): void => undefined;
  const look = (): void => {
    cancel();
    const leftMs = usedMs + IDLE_MS - nowMs();
    const isActive = page.visibilityState === "visible" && leftMs > 0;
    // Inputs do not set it anew: there are many of them, and what is left is known when it comes.
    if (isActive) cancel = after(leftMs, look);
    if (isActive === told) return;
    told = isActive;
    tell(isActive);
  };
  const onInput = (): void => {
    usedMs = nowMs();
    if (told === false) look();
  };
  const onVisibility = (): void => {
    if (page.visibilityState === "visible") usedMs = nowMs();
    look();
  };
  for (const name of INPUTS) page.addEventListener(name, onInput, { passive: true, capture: true });
  page.addEventListener("visibilitychange", onVisibility);
  look();
  return () => {
    cancel();
    for (const name of INPUTS) page.removeEventListener(name, onInput, { capture: true });
    page.removeEventListener("visibilitychange", onVisibility);
  };
}
