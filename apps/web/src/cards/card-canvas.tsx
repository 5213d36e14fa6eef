import { type JSX, useLayoutEffect, useMemo, useRef } from "react";
import { type CardCall, drawCard, type DrawnCard } from "./card-renderer.js";
import { createHostConfig } from "./host-config.js";
import type { KeptInputs } from "./kept-inputs.js";
import type { Json } from "./safe-card.js";

const NOTHING_OPEN: ReadonlySet<string> = new Set();

export interface CardCanvasProps {
  readonly card: Json;
  /** By which its inputs are kept; undefined: they are not. */
  readonly name: string | undefined;
  readonly kept: KeptInputs;
  readonly isBusy: boolean;
  readonly className: string | undefined;
  readonly onCall: (call: CardCall) => void;
}

/** A card, drawn in place: what somebody has put into its inputs, what is open, and the cursor outlast its updates. */
export function CardCanvas(props: CardCanvasProps): JSX.Element {
  const { card, name, kept, isBusy, className, onCall } = props;
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnCard>(undefined);
  const call = useRef(onCall);
  call.current = onCall;
  const hostConfig = useMemo(createHostConfig, []);
  useLayoutEffect(() => {
    const before = drawn.current?.traces();
    const inputs = before?.inputs ?? (name === undefined ? undefined : kept.read(name));
    const next = drawCard(card, {
      hostConfig,
      inputs: inputs ?? new Map(),
      open: before?.open ?? NOTHING_OPEN,
      onCall: (one) => call.current(one),
      onOpen: openAddress,
    });
    if (next === undefined) throw new Error("The card cannot be drawn.");
    drawn.current = next;
    host.current?.replaceChildren(next.element);
    // What had the cursor may be gone; then it stays in the card.
    const focus = before?.focus;
    if (focus !== undefined && !next.focus(focus)) host.current?.focus({ preventScroll: true });
  }, [card, hostConfig]);
  useLayoutEffect(
    () => () => {
      if (name !== undefined && drawn.current !== undefined) kept.keep(name, drawn.current.traces().inputs);
    },
    [kept, name],
  );
  return <div ref={host} className={className} dir="auto" tabIndex={-1} aria-busy={isBusy} />;
}

/** A tab of its own, which learns nothing of this one. */
function openAddress(address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  link.click();
}
