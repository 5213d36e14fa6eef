import type { PointerEvent } from "react";

/** Further than this it was taken back, as people do who pressed the wrong button. */
const SLIP_PX = 8;

/**
 * For `onPointerDown` of a list whose rows move as messages come: what was pressed on a button and let go is a click on that button,
 * wherever it is by then. Without it the click falls between two rows, or on another one. Fingers have it from the browser.
 */
export function holdPress(press: PointerEvent): void {
  const { pointerId, clientX, clientY } = press;
  const button = (press.target as Element).closest("button");
  if (button === null || press.pointerType === "touch" || press.button !== 0) return;
  const letGo = (move: globalThis.PointerEvent): void => {
    if (Math.hypot(move.clientX - clientX, move.clientY - clientY) > SLIP_PX)
      button.releasePointerCapture(pointerId);
  };
  button.setPointerCapture(pointerId);
  button.addEventListener("pointermove", letGo);
  button.addEventListener("lostpointercapture", () => button.removeEventListener("pointermove", letGo), {
    once: true,
  });
}
