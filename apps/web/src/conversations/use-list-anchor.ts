/**
 * The place in the list: while one has scrolled down, the row at the top of the view stays there when rows move above it, as they do
 * with each message. At the top of the list the newest row is to be seen, so there it does nothing.
 */
import { type RefObject, type UIEvent, useLayoutEffect, useRef } from "react";
import type { VirtualizerHandle } from "virtua";

export interface ListAnchor {
  readonly list: RefObject<VirtualizerHandle | null>;
  /** For the element that scrolls. */
  readonly onScroll: (event: UIEvent<HTMLElement>) => void;
}

/** `ids` are those of the rows. */
export function useListAnchor(ids: readonly string[]): ListAnchor {
  const list = useRef<VirtualizerHandle>(null);
  const anchor = useRef<{ readonly id: string; readonly index: number; readonly topPx: number }>(undefined);
  const onScroll = ({ currentTarget }: UIEvent<HTMLElement>): void => {
    // The element's own, for the list hears of it after this.
    const topPx = currentTarget.scrollTop;
    const index = topPx > 0 ? (list.current?.findItemIndex(topPx) ?? -1) : -1;
    const id = ids[index];
    anchor.current = id === undefined ? undefined : { id, index, topPx };
  };
  useLayoutEffect(() => {
    const { current: held } = anchor;
    const { current } = list;
    if (held === undefined || current === null || ids[held.index] === held.id) return;
    const index = ids.indexOf(held.id);
    if (index < 0) return;
    const topPx = held.topPx + current.getItemOffset(index) - current.getItemOffset(held.index);
    anchor.current = { id: held.id, index, topPx };
    current.scrollTo(Math.max(1, topPx));
  }, [ids]);
  return { list, onScroll };
}
