/**
 * The keyboard of the list: up and down go through the field and the rows, Enter opens; in the field it opens the first
 * row. The list is virtual, so the row with the focus is kept in the page wherever it is, and one that is to get it is
 * put there first.
 */
import {
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { FIELD, nextIndex } from "./next-index.js";

/** A row is hidden, and takes no focus, until the list has measured it, which takes a frame or two. */
const FRAMES_MAX = 10;

export interface ListKeys {
  readonly root: RefObject<HTMLElement | null>;
  /** The row that has the focus or is about to get it; it has to be in the page. */
  readonly focusedIndex: number | undefined;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus: (event: FocusEvent) => void;
}

/** What the list does with keys. Rows carry their id as `data-key`. */
export function useListKeys(ids: readonly string[], onOpen: (id: string) => void): ListKeys {
  const root = useRef<HTMLElement>(null);
  // By id: a new message moves rows, and the focus moves with them. Keys may come faster than the page is drawn.
  const newest = useRef<string>(undefined);
  const isMoving = useRef(false);
  const [focused, setFocused] = useState<string>();
  const focus = (id: string | undefined): void => {
    newest.current = id;
    setFocused(id);
  };
  const index = focused === undefined ? FIELD : ids.indexOf(focused);
  useLayoutEffect(() => {
    if (!isMoving.current) return undefined;
    let framesLeft = FRAMES_MAX;
    let frame = 0;
    const tryFocus = (): void => {
      const row = root.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused ?? "")}"]`);
      row?.focus();
      framesLeft -= 1;
      isMoving.current = framesLeft > 0 && document.activeElement !== row;
      if (isMoving.current) frame = requestAnimationFrame(tryFocus);
    };
    tryFocus();
    return () => cancelAnimationFrame(frame);
  }, [focused]);
  const onFocus = ({ target }: FocusEvent): void => {
    if (isMoving.current) return;
    focus(target.closest<HTMLElement>("[data-key]")?.dataset["key"]);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = newest.current === undefined ? FIELD : ids.indexOf(newest.current);
    const next = nextIndex(event.key, from, ids.length);
    if (next === undefined) {
      const [first] = ids;
      const isInField = event.target instanceof HTMLInputElement;
      const isSearchDone = event.key === "Enter" && isInField && !event.nativeEvent.isComposing;
      if (!isSearchDone || first === undefined) return;
      onOpen(first);
    } else if (next === FIELD) {
      isMoving.current = false;
      root.current?.querySelector("input")?.focus();
    } else {
      isMoving.current = true;
      focus(ids[next]);
    }
    event.preventDefault();
  };
  return { root, focusedIndex: index === FIELD ? undefined : index, onKeyDown, onFocus };
}
