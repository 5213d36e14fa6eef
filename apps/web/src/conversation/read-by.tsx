import type { Message, UserId } from "@parley/protocol";
import { type JSX, useCallback, useEffect, useState } from "react";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import listStyles from "../dialogs/list-dialog.module.css";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames, useReadCount } from "../session/chat-context.js";
import { useLoadingText } from "../session/use-loading-text.js";
import styles from "./read-by.module.css";

/** How many have read a message of mine; a click shows who. Nothing while nobody has. */
export function ReadBy(props: { readonly message: Message; readonly isGroup: boolean }): JSX.Element | null {
  const { message, isGroup } = props;
  const { conversationId, sequence } = message;
  const { client } = useChat();
  const strings = useStrings();
  const known = useReadCount(conversationId, sequence);
  const [isOpen, setIsOpen] = useState(false);
  const isKnown = known !== undefined;
  useEffect(() => {
    // Without a connection it is asked for with the next look.
    if (!isKnown) client.readCounts(conversationId, [sequence]).catch(() => undefined);
  }, [client, conversationId, sequence, isKnown]);
  if (known === undefined || known.read === 0) return null;
  if (!isGroup) return <span>{strings.read}</span>;
  return (
    <>
      <button type="button" className={styles.readBy} onClick={() => setIsOpen(true)}>
        {strings.readBy(known.read)}
      </button>
      {isOpen ? <ReadersDialog message={message} onClose={() => setIsOpen(false)} /> : null}
    </>
  );
}

/** Who has read a message, and who has not. */
function ReadersDialog(props: { readonly message: Message; readonly onClose: () => void }): JSX.Element {
  const { message, onClose } = props;
  const { conversationId, sequence } = message;
  const { client } = useChat();
  const strings = useStrings();
  const load = useCallback(
    () =>
      Promise.all([false, true].map((isUnread) => client.readers(conversationId, sequence, { isUnread }))),
    [client, conversationId, sequence],
  );
  const loaded = useLoaded(load);
  const loadingText = useLoadingText();
  const [have, lack] = loaded.value ?? [];
  return (
    <Dialog title={strings.readersTitle} onClose={onClose}>
      <Problem text={loaded.problem === undefined ? "" : problemText(strings, loaded.problem)} />
      {have === undefined || lack === undefined ? (
        <p className={listStyles.hint}>{loaded.problem === undefined ? loadingText : null}</p>
      ) : (
        <>
          <People label={strings.haveRead(have.read)} userIds={have.userIds} count={have.read} />
          <People label={strings.haveNotRead(have.unread)} userIds={lack.userIds} count={have.unread} />
        </>
      )}
    </Dialog>
  );
}

function People(props: {
  readonly label: string;
  readonly userIds: readonly UserId[];
  readonly count: number;
}): JSX.Element {
  const { label, userIds, count } = props;
  const strings = useStrings();
  const nameOf = useNames();
  return (
    <section className={styles.people}>
      <h3>{label}</h3>
      <ul className={listStyles.items} aria-label={label}>
        {userIds.map((userId) => (
          <li key={userId} className={listStyles.item}>
            <Avatar id={userId} name={nameOf(userId)} size="small" />
            <span className={listStyles.name}>{nameOf(userId)}</span>
          </li>
        ))}
      </ul>
      {count > userIds.length ? (
        <p className={listStyles.hint}>{strings.moreOf(count - userIds.length)}</p>
      ) : null}
    </section>
  );
}
