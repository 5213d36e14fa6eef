import type { ConversationEntry, Message } from "@parley/protocol";
import { type JSX, memo, useCallback, useState } from "react";
import pageStyles from "../app/page-message.module.css";
import { Composer, type ComposerProps } from "../composer/composer.js";
import { DropZone } from "../composer/drop-zone.js";
import { useAttach } from "../composer/use-attachments.js";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import { Skeleton } from "../controls/skeleton.js";
import { otherOf, titleOf } from "../conversations/conversation-title.js";
import { ConversationNotifyDialog, GroupDialog } from "../dialogs/dialogs.js";
import type { Silence } from "../groups/may-post.js";
import { SilenceLine } from "../groups/silence-line.js";
import { useSilence } from "../groups/use-group.js";
import { problemText } from "../language/problem-text.js";
import { ViewerProvider } from "../media/viewer-context.js";
import { Avatar } from "../people/avatar.js";
import { useShowPerson } from "../people/person-context.js";
import { StatusLine } from "../people/status-line.js";
import { PresenceLine, TypingLine, WithPresence } from "../presence/presence-parts.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useConnection, useNames, useTimeline } from "../session/chat-context.js";
import styles from "./conversation-view.module.css";
import { MessageList } from "./message-list.js";
import { PinsBanner } from "./pins-banner.js";
import { useOpenConversation } from "./use-open-conversation.js";

const SKELETON_ROWS = 5;

/** What others say leaves the field as it is. */
const Field = memo(Composer);

/** The open conversation: its head, its messages and the field to write in. Mount it anew for each conversation. */
export function ConversationView(props: {
  readonly entry: ConversationEntry;
  /** The message that is asked for. */
  readonly sequence: number | undefined;
  /** Another number asks again. */
  readonly visit: number;
  readonly onBack: () => void;
  readonly onOpenMessage: (sequence: number) => void;
}): JSX.Element {
  const { entry, sequence, visit, onBack, onOpenMessage } = props;
  const { conversationId } = entry;
  const strings = useStrings();
  const { client } = useChat();
  const nameOf = useNames();
  const timeline = useTimeline(conversationId);
  const [problem, setProblem] = useState("");
  const [replyTo, setReplyTo] = useState<Message>();
  const open = useOpenConversation(entry, { sequence, visit }, (error) =>
    setProblem(problemText(strings, error)),
  );
  const title = titleOf(entry, { self: client.self, nameOf, untitled: strings.untitledGroup });
  const isGroup = otherOf(conversationId, client.self) === undefined;
  const silence = useSilence(conversationId);
  const attach = useAttach(conversationId, setProblem);
  const onReplied = useCallback(() => setReplyTo(undefined), []);
  // Nothing loaded yet, though there is something.
  const isLoading =
    open.part === 0 ||
    timeline === undefined ||
    (timeline.messages.length + timeline.pending.length === 0 && !timeline.isAtBeginning);
  return (
    <section className={styles.view} aria-label={title}>
      <DropZone onFiles={entry.isMember && silence === undefined ? attach : undefined} onProblem={setProblem}>
        <ViewerProvider conversationId={conversationId}>
          <Head entry={entry} title={title} isGroup={isGroup} onBack={onBack} />
          {entry.isMember ? (
            <PinsBanner conversationId={conversationId} onOpenMessage={onOpenMessage} />
          ) : null}
          {isLoading ? (
            <Loading hasProblem={problem !== ""} />
          ) : (
            <MessageList
              key={open.part}
              entry={entry}
              timeline={timeline}
              isGroup={isGroup}
              marked={open.sequence}
              onNewest={open.showNewest}
              onProblem={setProblem}
              onReply={setReplyTo}
            />
          )}
          <Foot
            entry={entry}
            title={title}
            silence={silence}
            isGroup={isGroup}
            onNewest={open.showNewest}
            replyTo={replyTo}
            onReplied={onReplied}
            problem={problem}
            onProblem={setProblem}
          />
        </ViewerProvider>
      </DropZone>
    </section>
  );
}

/** Stands there while there is nothing to show. What cannot be loaded is not awaited: the problem is told below. */
function Loading({ hasProblem }: { readonly hasProblem: boolean }): JSX.Element {
  const strings = useStrings();
  const { state } = useConnection();
  if (state === "waiting" && !hasProblem) {
    return (
      <div className={pageStyles.page} role="status">
        <p className={pageStyles.hint}>{strings.loadingLater}</p>
      </div>
    );
  }
  return <Skeleton label={strings.loadingMessages} count={hasProblem ? 0 : SKELETON_ROWS} shape="message" />;
}

/** What went wrong, and the field to write in, or why there is none. */
function Foot(
  props: Omit<ComposerProps, "conversationId" | "label" | "onSent"> & {
    readonly entry: ConversationEntry;
    readonly title: string;
    readonly silence: Silence | undefined;
    readonly problem: string;
    /** Asks for the newest messages. */
    readonly onNewest: () => void;
  },
): JSX.Element {
  const { entry, title, silence, problem, onNewest, ...rest } = props;
  const { conversationId } = entry;
  const strings = useStrings();
  const { client } = useChat();
  const onSent = useCallback(() => {
    // What one writes stands behind the newest message.
    if (client.timeline(conversationId)?.isAtEnd === false) onNewest();
  }, [client, conversationId, onNewest]);
  const field = (): JSX.Element => {
    if (!entry.isMember) return <p className={styles.outside}>{strings.notMember}</p>;
    if (silence !== undefined) return <SilenceLine silence={silence} className={styles.outside} />;
    const label = strings.writeTo(title);
    return (
      <>
        {entry.isShared ? null : <TypingLine conversationId={conversationId} />}
        <Field {...rest} conversationId={conversationId} label={label} onSent={onSent} />
      </>
    );
  };
  return (
    <>
      <div className={styles.problem}>
        <Problem text={problem} onDismiss={() => rest.onProblem("")} />
      </div>
      {field()}
    </>
  );
}

function Head(props: {
  readonly entry: ConversationEntry;
  readonly title: string;
  readonly isGroup: boolean;
  readonly onBack: () => void;
}): JSX.Element {
  const { entry, title, isGroup, onBack } = props;
  const strings = useStrings();
  const { self } = useChat().client;
  const [isShowingMembers, setIsShowingMembers] = useState(false);
  const [isShowingNotify, setIsShowingNotify] = useState(false);
  const { conversationId } = entry;
  const other = otherOf(conversationId, self);
  const showPerson = useShowPerson();
  return (
    <header className={styles.head}>
      <span className={styles.back}>
        <Button kind="icon" aria-label={strings.back} onClick={onBack}>
          <Icon name="back" />
        </Button>
      </span>
      <WithPresence userId={other} size="small">
        <Avatar id={other ?? conversationId} name={title} isGroup={isGroup} size="small" />
      </WithPresence>
      <div className={styles.names}>
        <h2 className={styles.title} dir="auto">
          {other === undefined ? (
            title
          ) : (
            <button type="button" className={styles.person} onClick={() => showPerson(other)}>
              {title}
            </button>
          )}
        </h2>
        {other === undefined ? null : (
          <div className={styles.under}>
            <PresenceLine userId={other} />
            <StatusLine userId={other} className={styles.status} />
          </div>
        )}
      </div>
      {entry.isMember ? (
        <Button kind="icon" aria-label={strings.notify.title} onClick={() => setIsShowingNotify(true)}>
          <Icon name="bell" />
        </Button>
      ) : null}
      {isShowingNotify ? (
        <ConversationNotifyDialog entry={entry} onClose={() => setIsShowingNotify(false)} />
      ) : null}
      {isGroup && entry.isMember ? (
        <Button kind="icon" aria-label={strings.members} onClick={() => setIsShowingMembers(true)}>
          <Icon name="people" />
        </Button>
      ) : null}
      {isShowingMembers ? (
        <GroupDialog conversationId={conversationId} onClose={() => setIsShowingMembers(false)} />
      ) : null}
    </header>
  );
}
