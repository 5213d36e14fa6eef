/**
 * The scrolled list of messages: its place is kept by `usePlace`, older pages are fetched before they are reached, and
 * what was on the screen of a page that can be seen is marked as read.
 */
import type { Timeline } from "@parley/client";
import type { ConversationEntry, Message } from "@parley/protocol";
import { type JSX, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { holdPress } from "../controls/held-press.js";
import { Icon } from "../controls/icons.js";
import { unreadOf } from "../conversations/conversation-title.js";
import { bodyWords } from "../language/body-words.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useConnection, useNames } from "../session/chat-context.js";
import { useIsVisible, useNowMs } from "../session/use-signal.js";
import styles from "./message-list.module.css";
import { MessageMenu, type MessageMenuHandle } from "./message-menu.js";
import { MessageRow } from "./message-row.js";
import { type Row, rowsOf, sequenceUpTo } from "./rows.js";
import type { TimeLabels } from "../time/time-labels.js";
import { useUnreadLine } from "./unread-line.js";
import { afterLayout, isNearBottom, usePlace } from "./use-place.js";

/** So far before the beginning the next page is fetched. */
const AHEAD_PX = 1_200;
const PAGE = 60;
const MINUTE_MS = 60_000;

interface MessageListProps {
  readonly entry: ConversationEntry;
  readonly timeline: Timeline;
  readonly isGroup: boolean;
  /** The sequence of the message that was asked for. */
  readonly marked: number | undefined;
  /** Asks for the newest messages, which are not loaded. */
  readonly onNewest: () => void;
  readonly onProblem: (text: string) => void;
  readonly onReply: (message: Message) => void;
}

/** The messages of the open conversation. Mount it anew for another part of it. */
export function MessageList(props: MessageListProps): JSX.Element {
  const { entry, timeline, isGroup, marked, onNewest, onProblem, onReply } = props;
  const strings = useStrings();
  const unread = unreadOf(entry);
  const nowMs = useNowMs(MINUTE_MS);
  const isVisible = useIsVisible();
  const menu = useRef<MessageMenuHandle>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [isAtBottom, setIsAtBottom] = useState(true);
  const firstUnread = useUnreadLine(entry, isVisible && isAtBottom);
  const rows = useRows(timeline, firstUnread);
  const more = useMorePages(entry, timeline, onProblem);
  const place = usePlace({ list, rows, timeline, marked, onAtBottom: setIsAtBottom });
  const markSeen = useMarkSeen({ entry, rows, list, isVisible });
  // A page that does not fill the screen cannot be scrolled.
  useEffect(() => afterLayout(() => more.loadWhenNear(list.current)), [rows]);
  const onScroll = (): void => {
    place.onScroll();
    more.loadWhenNear(list.current);
    markSeen();
  };
  const onMenu = useCallback((row: Row, button: HTMLElement) => menu.current?.open(row, button), []);
  const onEdits = useCallback((message: Message) => menu.current?.showEdits(message), []);
  return (
    <div className={styles.messages}>
      <Scroller element={place.scroller} onWheel={place.onWheel}>
        <Virtualizer
          ref={list}
          shift={place.isShifted}
          data={rows}
          onScroll={onScroll}
          onResize={place.onResize}
          bufferSize={400}
        >
          {(row: Row, index: number) => (
            <MessageRow
              key={row.key}
              row={row}
              isBeginning={index === 0 && timeline.isAtBeginning}
              isMarked={row.kind !== "pending" && row.message.sequence === marked}
              conversationId={entry.conversationId}
              isGroup={isGroup}
              nowMs={nowMs}
              onMenu={onMenu}
              onEdits={onEdits}
              onProblem={onProblem}
            />
          )}
        </Virtualizer>
      </Scroller>
      {more.isLoading ? <p className={styles.loading}>{strings.loadingMessages}</p> : null}
      {isAtBottom ? null : (
        <NewestButton unread={unread} onClick={timeline.isAtEnd ? place.goToBottom : onNewest} />
      )}
      <Announcer rows={rows} />
      <MessageMenu
        ref={menu}
        conversationId={entry.conversationId}
        isGroup={isGroup}
        onProblem={onProblem}
        onReply={entry.isMember ? onReply : undefined}
      />
    </div>
  );
}

/** The rows, of which those that did not change are the same as before. */
function useRows(timeline: Timeline, firstUnread: number | undefined): readonly Row[] {
  const { self } = useChat().client;
  const times = useTimes();
  const known = useRef<{ readonly times: TimeLabels; readonly rows: readonly Row[] }>(undefined);
  return useMemo(() => {
    const before = known.current?.times === times ? known.current.rows : [];
    const options = { self, firstUnread, dayNumber: (timeMs: number) => times.dayNumber(timeMs) };
    const rows = rowsOf(timeline, options, before);
    known.current = { times, rows };
    return rows;
  }, [timeline, self, firstUnread, times]);
}

function Scroller(props: {
  readonly element: React.RefObject<HTMLDivElement | null>;
  readonly onWheel: (event: React.WheelEvent) => void;
  readonly children: React.ReactNode;
}): JSX.Element {
  const { element, onWheel, children } = props;
  const strings = useStrings();
  return (
    <div
      ref={element}
      className={styles.scroller}
      role="log"
      aria-live="off"
      aria-label={strings.messages}
      tabIndex={0}
      onWheel={onWheel}
      onPointerDown={holdPress}
    >
      {children}
    </div>
  );
}

function NewestButton(props: { readonly unread: number; readonly onClick: () => void }): JSX.Element {
  const { unread, onClick } = props;
  const strings = useStrings();
  return (
    <button
      type="button"
      className={styles.newest}
      data-news={unread > 0}
      aria-label={unread > 0 ? strings.newBelow(unread) : strings.toNewest}
      onClick={onClick}
    >
      <Icon name="down" size={18} />
      {unread > 0 ? strings.newBelow(unread) : null}
    </button>
  );
}

/** Loads older pages, and newer ones where the end is not loaded, one at a time. */
function useMorePages(
  entry: ConversationEntry,
  timeline: Timeline,
  onProblem: (text: string) => void,
): { readonly isLoading: boolean; readonly loadWhenNear: (list: VirtualizerHandle | null) => void } {
  const { client } = useChat();
  const strings = useStrings();
  const isBusy = useRef(false);
  const [isLoading, setIsLoading] = useState(false);
  const loadWhenNear = (list: VirtualizerHandle | null): void => {
    if (list === null || isBusy.current || timeline.messages.length === 0) return;
    const isNearTop = list.scrollOffset < AHEAD_PX && !timeline.isAtBeginning;
    const belowPx = list.scrollSize - list.scrollOffset - list.viewportSize;
    const isNearEnd = belowPx < AHEAD_PX && !timeline.isAtEnd;
    if (!isNearTop && !isNearEnd) return;
    isBusy.current = true;
    setIsLoading(true);
    const { conversationId } = entry;
    const loading = isNearEnd
      ? client.loadNewer(conversationId, PAGE)
      : client.loadOlder(conversationId, PAGE);
    loading
      .catch(() => onProblem(strings.historyUnavailable))
      .finally(() => {
        isBusy.current = false;
        setIsLoading(false);
      })
      .catch(() => undefined);
  };
  return { isLoading, loadWhenNear };
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
  // What was read without a connection is told when it is back.
  useConnection();
  const mark = (): void => {
    const handle = list.current;
    if (!isVisible || handle === null || handle.viewportSize === 0 || unreadOf(entry) === 0) return;
    const lastIndex = isNearBottom(handle)
      ? rows.length - 1
      : handle.findItemIndex(handle.scrollOffset + handle.viewportSize) - 1;
    const sequence = sequenceUpTo(rows, lastIndex);
    if (sequence > 0) client.markRead(entry.conversationId, sequence);
  };
  useEffect(() => afterLayout(mark));
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
      {isNews ? strings.saidBy(nameOf(last.message.senderId), bodyWords(last.message.body, strings)) : ""}
    </p>
  );
}
