/**
 * Where the list of messages stands.
 *
 *   1. It opens at the message that was asked for, else at the first unread one, else at the bottom.
 *   2. At the bottom it stays at the bottom, whatever is added or changes its height; it is the bottom only when the newest
 *      message is loaded.
 *   3. Anywhere else it keeps its place, whatever is added where.
 *   4. Only the reader leaves the bottom, by scrolling up: while rows are measured the end moves away by itself.
 *   5. Whoever scrolls is where they scroll from then on. The list's own `scrollToIndex` would bring them back for as long as rows
 *      come into sight that were not measured yet, so the goal is kept here, and reached again with each measurement.
 */
import type { Timeline } from "@parley/client";
import { type RefObject, useLayoutEffect, useRef } from "react";
import type { VirtualizerHandle } from "virtua";
import { firstUnreadIndex, indexOfSequence, type Row } from "./rows.js";

/** So near the end counts as the bottom: less than one line. */
const BOTTOM_PX = 40;
/** What a step is at least; less comes from rounding. */
const STEP_PX = 2;
/** Room above the first unread message when the list opens there. */
const UNREAD_ROOM_PX = 72;

export interface PlaceOptions {
  readonly list: RefObject<VirtualizerHandle | null>;
  readonly rows: readonly Row[];
  readonly timeline: Timeline;
  /** The sequence of the message that was asked for. */
  readonly marked: number | undefined;
  /** Told when the reader comes to the bottom or leaves it. */
  readonly onAtBottom: (isAtBottom: boolean) => void;
}

export interface Place {
  /** For the element that scrolls. */
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Rows were added before the first one in this rendering. */
  readonly isShifted: boolean;
  readonly onScroll: () => void;
  /** The reader is about to scroll: what comes before it is drawn must not bring them back. */
  readonly onWheel: (event: { readonly deltaY: number }) => void;
  /** Rows or the window have another height. */
  readonly onResize: () => void;
  readonly goToBottom: () => void;
}

/** Keeps the list where the reader is. */
export function usePlace({ list, rows, timeline, marked, onAtBottom }: PlaceOptions): Place {
  const scroller = useRef<HTMLDivElement>(null);
  const isStaying = useRef(true);
  const goal = useGoal(list, scroller);
  const offset = useRef(0);
  const before = useRef<{ readonly first: number; readonly pending: number }>(undefined);
  const first = timeline.messages[0]?.sequence ?? Infinity;
  const isShifted = before.current !== undefined && first < before.current.first;
  const stay = (isStay: boolean): void => {
    isStaying.current = isStay;
    onAtBottom(isStay);
  };
  const goToBottom = (): void => {
    stay(true);
    goal.go(toBottom);
  };
  const onScroll = (): void => {
    const handle = list.current;
    if (handle === null) return;
    goal.onScroll();
    const isUp = handle.scrollOffset < offset.current - STEP_PX;
    offset.current = handle.scrollOffset;
    const isAtEnd = timeline.isAtEnd && (isNearBottom(handle) || (isUp && isBottomShown(scroller.current)));
    if (isAtEnd) stay(true);
    else if (isUp || !timeline.isAtEnd) stay(false);
  };
  const onWheel = ({ deltaY }: { readonly deltaY: number }): void => {
    const handle = list.current;
    if (handle === null || handle.scrollSize <= handle.viewportSize) return;
    goal.leave();
    if (deltaY < 0) stay(false);
  };
  const onResize = (): void => {
    if (before.current === undefined) return;
    if (isStaying.current) goToBottom();
    else goal.reach();
  };
  useLayoutEffect(() => {
    if (rows.length === 0) return undefined;
    const isFirst = before.current === undefined;
    const hasWritten = timeline.pending.length > (before.current?.pending ?? 0);
    before.current = { first, pending: timeline.pending.length };
    const asked = isFirst ? indexOfSequence(rows, marked) : -1;
    const unread = isFirst && asked < 0 ? firstUnreadIndex(rows) : -1;
    if (asked < 0 && unread < 0) {
      if (isFirst || hasWritten || isStaying.current) goToBottom();
      else goal.leave();
      return undefined;
    }
    stay(false);
    goal.go((handle, { clientHeight }) =>
      asked < 0
        ? handle.getItemOffset(unread) - UNREAD_ROOM_PX
        : handle.getItemOffset(asked) + (handle.getItemSize(asked) - clientHeight) / 2,
    );
    return afterLayout(() => {
      // All of it may fit on the screen, and then nothing scrolls.
      if (list.current !== null && isNearBottom(list.current) && timeline.isAtEnd) stay(true);
    });
    // It follows the rows only: scrolling by hand must move nothing.
  }, [rows]);
  return { scroller, isShifted, onScroll, onWheel, onResize, goToBottom };
}

/** Where the list shall stand, as it is known from what was measured so far. */
type Goal = (handle: VirtualizerHandle, scroller: HTMLElement) => number;

const toBottom: Goal = (_, { scrollHeight }) => scrollHeight;

/** Keeps the list at a goal until somebody scrolls elsewhere. */
function useGoal(
  list: RefObject<VirtualizerHandle | null>,
  scroller: RefObject<HTMLElement | null>,
): {
  readonly go: (goal: Goal) => void;
  readonly reach: () => void;
  readonly leave: () => void;
  readonly onScroll: () => void;
} {
  const goal = useRef<Goal>(undefined);
  /** Where `reach` put the list last. */
  const reachedPx = useRef(-1);
  /** How far from it the list is; 0 without a goal. */
  const missingPx = (): number => {
    const [handle, element] = [list.current, scroller.current];
    if (handle === null || element === null || goal.current === undefined) return 0;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const wanted = Math.min(goal.current(handle, element), scrollHeight - clientHeight);
    return Math.max(0, wanted) - scrollTop;
  };
  const reach = (): void => {
    const px = missingPx();
    const { current: element } = scroller;
    if (px === 0 || element === null) return;
    reachedPx.current = element.scrollTop + px;
    element.scrollTop = reachedPx.current;
  };
  const leave = (): void => {
    goal.current = undefined;
  };
  return {
    go: (next) => {
      goal.current = next;
      reach();
    },
    reach,
    leave,
    onScroll: () => {
      // It is what `reach` did: to ask the page would have it lay out what the list has only just put there.
      const atPx = list.current?.scrollOffset ?? -1;
      if (Math.abs(atPx - reachedPx.current) <= STEP_PX) return;
      if (Math.abs(missingPx()) > STEP_PX) leave();
    },
  };
}

/** Whether the end of the list is on the screen. */
export function isNearBottom({ scrollSize, scrollOffset, viewportSize }: VirtualizerHandle): boolean {
  return scrollSize - scrollOffset - viewportSize < BOTTOM_PX;
}

/** As `isNearBottom`, of what is on the screen: where the view has grown, as when a long draft is gone, the list learns of it later. */
function isBottomShown(element: HTMLElement | null): boolean {
  if (element === null) return false;
  return element.scrollHeight - element.scrollTop - element.clientHeight < BOTTOM_PX;
}

/** Runs `task` when the list has measured what was just added; returns what cancels it. */
export function afterLayout(task: () => void): () => void {
  let frame = requestAnimationFrame(() => {
    frame = requestAnimationFrame(task);
  });
  return () => cancelAnimationFrame(frame);
}
