import type { ConversationEntry } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Composer } from "../composer/composer.js";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import { Skeleton } from "../controls/skeleton.js";
import { otherOf, titleOf } from "../conversations/conversation-title.js";
import { MembersDialog } from "../dialogs/members-dialog.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames, useTimeline } from "../session/chat-context.js";
import styles from "./conversation-view.module.css";
import { MessageList } from "./message-list.js";
import { useOpenConversation } from "./use-open-conversation.js";

const SKELETON_ROWS = 5;

/** The open conversation: its head, its messages and the field to write in. Mount it anew for each conversation. */
export function ConversationView(props: {
  readonly entry: ConversationEntry;
  readonly onBack: () => void;
}): JSX.Element {
  const { entry, onBack } = props;
  const { conversationId } = entry;
  const strings = useStrings();
  const { client } = useChat();
  const nameOf = useNames();
  const timeline = useTimeline(conversationId);
  const [problem, setProblem] = useState("");
  const isReady = useOpenConversation(entry, (error) => setProblem(problemText(strings, error)));
  const title = titleOf(entry, { self: client.self, nameOf, untitled: strings.untitledGroup });
  const isGroup = otherOf(conversationId, client.self) === undefined;
  // Nothing loaded yet, though there is something.
  const isLoading =
    !isReady ||
    timeline === undefined ||
    (timeline.messages.length + timeline.pending.length === 0 && !timeline.isAtBeginning);
  return (
    <section className={styles.view} aria-label={title}>
      <Head entry={entry} title={title} isGroup={isGroup} onBack={onBack} />
      {isLoading ? (
        // What cannot be loaded is not awaited: the problem is told below.
        <Skeleton
          label={strings.loadingMessages}
          count={problem === "" ? SKELETON_ROWS : 0}
          shape="message"
        />
      ) : (
        <MessageList entry={entry} timeline={timeline} isGroup={isGroup} onProblem={setProblem} />
      )}
      <div className={styles.problem}>
        <Problem text={problem} onDismiss={() => setProblem("")} />
      </div>
      {entry.isMember ? (
        <Composer conversationId={conversationId} label={strings.writeTo(title)} onProblem={setProblem} />
      ) : (
        <p className={styles.outside}>{strings.notMember}</p>
      )}
    </section>
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
  const { conversationId } = entry;
  return (
    <header className={styles.head}>
      <span className={styles.back}>
        <Button kind="icon" aria-label={strings.back} onClick={onBack}>
          <Icon name="back" />
        </Button>
      </span>
      <Avatar
        id={otherOf(conversationId, self) ?? conversationId}
        name={title}
        isGroup={isGroup}
        size="small"
      />
      <h2 className={styles.title} dir="auto">
        {title}
      </h2>
      {isGroup && entry.isMember ? (
        <Button kind="icon" aria-label={strings.members} onClick={() => setIsShowingMembers(true)}>
          <Icon name="people" />
        </Button>
      ) : null}
      {isShowingMembers ? (
        <MembersDialog conversationId={conversationId} onClose={() => setIsShowingMembers(false)} />
      ) : null}
    </header>
  );
}
