/** What menus have in common that are drawn once for many rows: where they stand, and their keys. */
import type { KeyboardEvent } from "react";

const EDGE_PX = 8;
const GAP_PX = 4;

/** The arrow keys of a menu. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const isForward = event.key === "ArrowDown" || event.key === "ArrowRight";
  const isBackward = event.key === "ArrowUp" || event.key === "ArrowLeft";
  const step = isForward ? 1 : isBackward ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const items = [...event.currentTarget.querySelectorAll("button")];
  const at = items.findIndex((item) => item === document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
}

/** Below the button where there is room, above it otherwise, and always within the window. */
export function placeBeside(menu: HTMLElement, button: HTMLElement): void {
  const anchor = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const isRoomBelow = anchor.bottom + height + EDGE_PX < innerHeight;
  const left = Math.min(Math.max(EDGE_PX, anchor.right - width), innerWidth - width - EDGE_PX);
  menu.style.left = `${left}px`;
  menu.style.top = `${isRoomBelow ? anchor.bottom + GAP_PX : anchor.top - height - GAP_PX}px`;
}
