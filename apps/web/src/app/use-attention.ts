/** What the browser shows of the app outside of its page: the title of the tab, its picture, the badge of the installed app. */
import type { ConversationEntry } from "@parley/protocol";
import { useEffect } from "react";
import { titleOf } from "../conversations/conversation-title.js";
import { unreadCountOf } from "../notify/unread-count.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useConversations, useNames } from "../session/chat-context.js";
import { useNowMs } from "../session/use-signal.js";

/** Mutes end without an event. */
const RECOUNT_MS = 60_000;

/** Keeps all of it right while somebody is signed in, and takes it back afterwards. */
export function useAttention(open: ConversationEntry | undefined): void {
  const { appName, untitledGroup } = useStrings();
  const { self } = useChat().client;
  const nameOf = useNames();
  const unread = unreadCountOf(useConversations());
  useNowMs(RECOUNT_MS);
  const name = open === undefined ? "" : titleOf(open, { self, nameOf, untitled: untitledGroup });
  useEffect(() => {
    const place = name === "" ? appName : `${name} – ${appName}`;
    document.title = unread === 0 ? place : `(${unread}) ${place}`;
  }, [appName, name, unread]);
  // A browser fetches the picture with each time that it is set.
  const hasUnread = unread > 0;
  useEffect(() => showDot(hasUnread), [hasUnread]);
  useEffect(() => showBadge(unread), [unread]);
  useEffect(
    () => () => {
      document.title = appName;
      showDot(false);
      showBadge(0);
    },
    [appName],
  );
}

function showDot(isShown: boolean): void {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (link !== null) link.href = isShown ? "/icon-unread.svg" : "/icon.svg";
}

/** Effects: 0 takes the badge away. Where icons have no badges, nothing. */
function showBadge(count: number): void {
  const badged: Partial<Pick<Navigator, "setAppBadge">> = navigator;
  badged.setAppBadge?.(count).catch(() => undefined);
}
