/**
 * Where the list of messages stands.
 *
 *   1. It opens at the message that was asked for, else at the first unread one, else at the bottom.
 *   2. At the bottom it stays at the bottom, whatever is added or changes its height; it is the bottom only when the newest
 *      message is loaded.
 *   3. Anywhere else it keeps its place, whatever is added where.
 *   4. Only the reader leaves the bottom, by scrolling up: while rows are measured the end moves away by itself.
 */
import type { Timeline } from "@parley/client";
import { type RefObject, useLayoutEffect, useRef } from "react";
import type { VirtualizerHandle } from "virtua";
import { firstUnreadIndex, indexOfSequence, type Row } from "./rows.js";

/** So near the end counts as the bottom: less than one line. */
const BOTTOM_PX = 40;
/** What a step up is at least; less comes from rounding. */
const UP_PX = 2;
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
  /** Rows were added before the first one in this rendering. */
  readonly isShifted: boolean;
  readonly onScroll: () => void;
  /** Rows or the window have another height. */
  readonly onResize: () => void;
  readonly goToBottom: () => void;
}

/** Keeps the list where the reader is. */
export function usePlace({ list, rows, timeline, marked, onAtBottom }: PlaceOptions): Place {
  const isStaying = useRef(true);
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
    list.current?.scrollToIndex(rows.length - 1, { align: "end" });
  };
  const onScroll = (): void => {
    const handle = list.current;
    if (handle === null) return;
    const isUp = handle.scrollOffset < offset.current - UP_PX;
    offset.current = handle.scrollOffset;
    if (isNearBottom(handle) && timeline.isAtEnd) stay(true);
    else if (isUp || !timeline.isAtEnd) stay(false);
  };
  const onResize = (): void => {
    if (isStaying.current && before.current !== undefined) goToBottom();
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
      return undefined;
    }
    stay(false);
    if (asked < 0) list.current?.scrollToIndex(unread, { align: "start", offset: -UNREAD_ROOM_PX });
    else list.current?.scrollToIndex(asked, { align: "center" });
    return afterLayout(() => {
      // All of it may fit on the screen, and then nothing scrolls.
      if (list.current !== null && isNearBottom(list.current) && timeline.isAtEnd) stay(true);
    });
    // It follows the rows only: scrolling by hand must move nothing.
  }, [rows]);
  return { isShifted, onScroll, onResize, goToBottom };
}

/** Whether the end of the list is on the screen. */
export function isNearBottom({ scrollSize, scrollOffset, viewportSize }: VirtualizerHandle): boolean {
  return scrollSize - scrollOffset - viewportSize < BOTTOM_PX;
}

/** Runs `task` when the list has measured what was just added; returns what cancels it. */
export function afterLayout(task: () => void): () => void {
  let frame = requestAnimationFrame(() => {
    frame = requestAnimationFrame(task);
  });
  return () => cancelAnimationFrame(frame);
}
