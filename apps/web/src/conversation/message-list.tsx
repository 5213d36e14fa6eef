/**
 * The scrolled list of messages.
 *
 *   1. At the bottom it stays at the bottom; anywhere else it keeps its place, whatever is added where.
 *   2. It opens at the first unread message, else at the newest.
 *   3. What was on the screen of a page that can be seen is marked as read.
 */
import type { Timeline } from "@parley/client";
import type { ConversationEntry } from "@parley/protocol";
import { type JSX, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { Icon } from "../controls/icons.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import { useIsVisible, useNowMs } from "../session/use-signal.js";
import styles from "./message-list.module.css";
import { MessageMenu, type MessageMenuHandle } from "./message-menu.js";
import { MessageRow } from "./message-row.js";
import { firstUnreadIndex, type Row, rowsOf, sequenceUpTo } from "./rows.js";
import { useUnreadLine } from "./unread-line.js";

/** So near the end counts as the bottom: less than one line. */
const BOTTOM_PX = 40;
/** So far before the beginning the next page is fetched. */
const AHEAD_PX = 1_200;
const PAGE = 60;
const MINUTE_MS = 60_000;
/** Room above the first unread message when the list opens there. */
const UNREAD_ROOM_PX = 72;

interface MessageListProps {
  readonly entry: ConversationEntry;
  readonly timeline: Timeline;
  readonly isGroup: boolean;
  readonly onProblem: (text: string) => void;
}

/** The messages of the open conversation. */
export function MessageList({ entry, timeline, isGroup, onProblem }: MessageListProps): JSX.Element {
  const strings = useStrings();
  const times = useTimes();
  const { client } = useChat();
  const nowMs = useNowMs(MINUTE_MS);
  const isVisible = useIsVisible();
  const menu = useRef<MessageMenuHandle>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [isAtBottom, setIsAtBottom] = useState(true);
  const firstUnread = useUnreadLine(entry, isVisible && isAtBottom);
  const rows = useMemo(
    () =>
      rowsOf(timeline, { self: client.self, firstUnread, dayNumber: (timeMs) => times.dayNumber(timeMs) }),
    [timeline, client, firstUnread, times],
  );
  const older = useOlderPages(entry, timeline, onProblem);
  const { isShifted, stick } = usePlace({ list, rows, timeline, isAtBottom });
  const markSeen = useMarkSeen({ entry, rows, list, isVisible });
  const onScroll = (): void => {
    const handle = list.current;
    if (handle === null) return;
    setIsAtBottom(handle.scrollSize - handle.scrollOffset - handle.viewportSize < BOTTOM_PX);
    if (handle.scrollOffset < AHEAD_PX) older.load();
    markSeen();
  };
  const onMenu = useCallback((row: Row, button: HTMLElement) => menu.current?.open(row, button), []);
  return (
    <div className={styles.messages}>
      <div className={styles.scroller} role="log" aria-live="off" aria-label={strings.messages} tabIndex={0}>
        <div className={styles.filler} />
        <Virtualizer
          ref={list}
          shift={isShifted}
          data={rows}
          onScroll={onScroll}
          onResize={stick}
          bufferSize={400}
        >
          {(row: Row, index: number) => (
            <MessageRow
              key={row.key}
              row={row}
              isBeginning={index === 0 && timeline.isAtBeginning}
              conversationId={entry.conversationId}
              isGroup={isGroup}
              nowMs={nowMs}
              onMenu={onMenu}
            />
          )}
        </Virtualizer>
      </div>
      {older.isLoading ? <p className={styles.loading}>{strings.loadingMessages}</p> : null}
      {isAtBottom ? null : (
        <button
          type="button"
          className={styles.newest}
          data-news={entry.unread > 0}
          aria-label={entry.unread > 0 ? strings.newBelow(entry.unread) : strings.toNewest}
          onClick={() => scrollToEnd(list.current, rows)}
        >
          <Icon name="down" size={18} />
          {entry.unread > 0 ? strings.newBelow(entry.unread) : null}
        </button>
      )}
      <Announcer rows={rows} />
      <MessageMenu ref={menu} conversationId={entry.conversationId} />
    </div>
  );
}

/** Loads older pages, one at a time. */
function useOlderPages(
  entry: ConversationEntry,
  timeline: Timeline,
  onProblem: (text: string) => void,
): { readonly isLoading: boolean; readonly load: () => void } {
  const { client } = useChat();
  const strings = useStrings();
  const isBusy = useRef(false);
  const [isLoading, setIsLoading] = useState(false);
  const load = (): void => {
    if (isBusy.current || timeline.isAtBeginning || timeline.messages.length === 0) return;
    isBusy.current = true;
    setIsLoading(true);
    client
      .loadOlder(entry.conversationId, PAGE)
      .catch(() => onProblem(strings.historyUnavailable))
      .finally(() => {
        isBusy.current = false;
        setIsLoading(false);
      })
      .catch(() => undefined);
  };
  return { isLoading, load };
}

/** Keeps the list where the reader is. */
function usePlace(options: {
  readonly list: React.RefObject<VirtualizerHandle | null>;
  readonly rows: readonly Row[];
  readonly timeline: Timeline;
  readonly isAtBottom: boolean;
}): { readonly isShifted: boolean; readonly stick: () => void } {
  const { list, rows, timeline, isAtBottom } = options;
  const before = useRef<{ readonly first: number; readonly pending: number }>(undefined);
  const first = timeline.messages[0]?.sequence ?? Infinity;
  const isShifted = before.current !== undefined && first < before.current.first;
  const stick = (): void => {
    if (isAtBottom && before.current !== undefined) scrollToEnd(list.current, rows);
  };
  useLayoutEffect(() => {
    if (rows.length === 0) return;
    const unread = firstUnreadIndex(rows);
    const isFirst = before.current === undefined;
    const hasWritten = timeline.pending.length > (before.current?.pending ?? 0);
    if (isFirst && unread >= 0) {
      list.current?.scrollToIndex(unread, { align: "start", offset: -UNREAD_ROOM_PX });
    } else if (isFirst || hasWritten || (isAtBottom && !isShifted)) scrollToEnd(list.current, rows);
    before.current = { first, pending: timeline.pending.length };
    // It follows the rows only: scrolling by hand changes isAtBottom and must move nothing.
  }, [rows]);
  return { isShifted, stick };
}

/** Marks as read what can be seen; returns what to call after scrolling. */
function useMarkSeen(options: {
  readonly entry: ConversationEntry;
  readonly rows: readonly Row[];
  readonly list: React.RefObject<VirtualizerHandle | null>;
  readonly isVisible: boolean;
}): () => void {
  const { entry, rows, list, isVisible } = options;
  const { client } = useChat();
  const mark = (): void => {
    const handle = list.current;
    if (!isVisible || handle === null || handle.viewportSize === 0 || entry.unread === 0) return;
    const isAtEnd = handle.scrollSize - handle.scrollOffset - handle.viewportSize < BOTTOM_PX;
    const lastIndex = isAtEnd
      ? rows.length - 1
      : handle.findItemIndex(handle.scrollOffset + handle.viewportSize) - 1;
    const sequence = sequenceUpTo(rows, lastIndex);
    if (sequence > 0) client.markRead(entry.conversationId, sequence);
  };
  useEffect(() => {
    // After the list has measured what was added.
    const frame = requestAnimationFrame(() => requestAnimationFrame(mark));
    return () => cancelAnimationFrame(frame);
  });
  return mark;
}

/** Says new messages of others aloud, for those who do not see them. */
function Announcer({ rows }: { readonly rows: readonly Row[] }): JSX.Element {
  const strings = useStrings();
  const nameOf = useNames();
  const last = rows.findLast((row) => row.kind !== "pending");
  const [opened] = useState(() => last?.key);
  const isNews = last !== undefined && last.key !== opened && last.kind === "message" && !last.isOwn;
  return (
    <p className="unseen" role="status">
      {isNews ? strings.saidBy(nameOf(last.message.senderId), last.message.body?.text?.text ?? "") : ""}
    </p>
  );
}

function scrollToEnd(list: VirtualizerHandle | null, rows: readonly Row[]): void {
  list?.scrollToIndex(rows.length - 1, { align: "end" });
}
