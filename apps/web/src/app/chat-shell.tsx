import type { ConversationId } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { ConversationView } from "../conversation/conversation-view.js";
import { ConversationList } from "../conversations/conversation-list.js";
import { MentionsDialog, NewConversationDialog } from "../dialogs/dialogs.js";
import { PersonProvider } from "../people/person-context.js";
import { useActivity } from "../presence/use-activity.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useConversations } from "../session/chat-context.js";
import { ConnectionLine } from "../session/connection-line.js";
import { UpdateLine } from "../updates/update-line.js";
import { AccountMenu } from "./account-menu.js";
import styles from "./chat-shell.module.css";
import pageStyles from "./page-message.module.css";
import { useAttention } from "./use-attention.js";
import { useKeysFirst } from "./use-keys-first.js";
import { usePageGuards } from "./use-page-guards.js";
import { useRoute } from "./use-route.js";

/** The chat: the list on the left, the open conversation on the right; one of them on a narrow screen. */
export function ChatShell({ onSignOut }: { readonly onSignOut: () => Promise<void> }): JSX.Element {
  const strings = useStrings();
  const entries = useConversations();
  const route = useRoute();
  const [isCreating, setIsCreating] = useState(false);
  const [isShowingMentions, setIsShowingMentions] = useState(false);
  const entry = entries.find(({ conversationId }) => conversationId === route.open?.conversationId);
  useAttention(entry);
  useActivity();
  usePageGuards();
  useKeysFirst();
  const onCreated = (conversationId: ConversationId): void => {
    setIsCreating(false);
    route.go(conversationId);
  };
  return (
    <PersonProvider onOpen={(conversationId) => route.go(conversationId)}>
      <div className={styles.shell} data-open={entry !== undefined}>
        <div className={styles.connection}>
          <ConnectionLine />
          <UpdateLine />
        </div>
        <div className={styles.side}>
          <SideHead
            onSignOut={onSignOut}
            onMentions={() => setIsShowingMentions(true)}
            onCreate={() => setIsCreating(true)}
          />
          <ConversationList
            selected={entry?.conversationId}
            onOpen={(conversationId) => route.go(conversationId)}
            onOpenMessage={({ conversationId, sequence }) => route.go(conversationId, sequence)}
          />
        </div>
        <main className={styles.main}>
          {entry === undefined ? (
            <div className={pageStyles.page}>
              <h2>{strings.choosePrompt}</h2>
              <p className={pageStyles.hint}>{strings.choosePromptHint}</p>
            </div>
          ) : (
            <ConversationView
              key={entry.conversationId}
              entry={entry}
              sequence={route.open?.sequence}
              visit={route.visit}
              onBack={() => route.go(undefined)}
              onOpenMessage={(sequence) => route.go(entry.conversationId, sequence)}
            />
          )}
        </main>
        {isShowingMentions ? (
          <MentionsDialog
            onOpen={(conversationId, sequence) => {
              setIsShowingMentions(false);
              route.go(conversationId, sequence);
            }}
            onClose={() => setIsShowingMentions(false)}
          />
        ) : null}
        {isCreating ? (
          <NewConversationDialog onCreated={onCreated} onClose={() => setIsCreating(false)} />
        ) : null}
      </div>
    </PersonProvider>
  );
}

function SideHead(props: {
  readonly onSignOut: () => Promise<void>;
  readonly onMentions: () => void;
  readonly onCreate: () => void;
}): JSX.Element {
  const strings = useStrings();
  return (
    <header className={styles.head}>
      <AccountMenu onSignOut={props.onSignOut} />
      <Button kind="icon" aria-label={strings.mentionsTitle} onClick={props.onMentions}>
        <Icon name="mention" size={22} />
      </Button>
      <Button kind="icon" aria-label={strings.newConversation} onClick={props.onCreate}>
        <Icon name="add" size={22} />
      </Button>
    </header>
  );
}
