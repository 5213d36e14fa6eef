import { type ConversationId, kindOf, type Message, type UserId } from "@parley/protocol";
import { type JSX, memo } from "react";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { problemOfCode } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { useShowPerson } from "../people/person-context.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./message-row.module.css";
import { LinkPreview } from "./link-preview.js";
import { MessageBody } from "./message-body.js";
import { noticeText } from "./notice-text.js";
import { Quote } from "./quote.js";
import { Reactions } from "./reactions.js";
import { ReadBy } from "./read-by.js";
import type { Row } from "./rows.js";

export interface MessageRowProps {
  readonly row: Row;
  readonly conversationId: ConversationId;
  /** In a group others are named. */
  readonly isGroup: boolean;
  /** Nothing older can be seen, which a line above tells. */
  readonly isBeginning: boolean;
  /** It was looked for. */
  readonly isMarked: boolean;
  readonly nowMs: number;
  readonly onMenu: (row: Row, button: HTMLElement) => void;
  /** Asks to see what an edited message said before. */
  readonly onEdits: (message: Message) => void;
  readonly onProblem: (text: string) => void;
}

/** One row: what stands above it, and the message, notice or pending message. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps): JSX.Element {
  const { row, isBeginning, isMarked, nowMs } = props;
  const strings = useStrings();
  const times = useTimes();
  return (
    <div className={styles.row} data-group-start={row.isGroupStart} data-row={row.key} data-marked={isMarked}>
      {isBeginning ? <p className={styles.notice}>{strings.beginning}</p> : null}
      {row.isDayStart ? (
        <div className={styles.day} role="separator">
          <span>{times.day(row.timeMs, nowMs)}</span>
        </div>
      ) : null}
      {row.isFirstUnread ? (
        <div className={styles.unread} role="separator">
          <span>{strings.newMessages}</span>
        </div>
      ) : null}
      <RowBody {...props} />
    </div>
  );
});

function RowBody(props: MessageRowProps): JSX.Element {
  const { row, conversationId } = props;
  if (row.kind === "pending") return <PendingBubble row={row} conversationId={conversationId} />;
  if (row.kind === "notice") return <Notice row={row} />;
  return <MessageBubble {...props} row={row} />;
}

function Notice({ row }: { readonly row: Extract<Row, { kind: "notice" }> }): JSX.Element {
  const strings = useStrings();
  const nameOf = useNames();
  const { body, recall } = row.message;
  if (recall !== undefined)
    return <p className={styles.notice}>{strings.recalled(nameOf(recall.actorId))}</p>;
  const { notice } = body ?? {};
  return (
    <p className={styles.notice}>
      {notice === undefined ? strings.noticeOther : noticeText(strings, notice, nameOf)}
    </p>
  );
}

function MessageBubble(
  props: MessageRowProps & { readonly row: Extract<Row, { kind: "message" }> },
): JSX.Element {
  const { row, isGroup, onMenu, onEdits, onProblem } = props;
  const { message, isOwn } = row;
  const strings = useStrings();
  const times = useTimes();
  const nameOf = useNames();
  const name = nameOf(message.senderId);
  const { body, audience, conversationId } = message;
  return (
    <article className={styles.message} data-own={isOwn} aria-label={isOwn ? strings.you : name}>
      {isOwn ? null : <Sender id={message.senderId} name={name} isShown={row.isGroupStart} />}
      <div className={styles.bubble}>
        {!isOwn && isGroup && row.isGroupStart ? <SenderName id={message.senderId} name={name} /> : null}
        {audience.length === 0 ? null : (
          <span className={styles.directed}>
            {strings.directedTo(audience.map(nameOf).join(strings.nameSeparator))}
          </span>
        )}
        {body?.reply === undefined ? null : (
          <Quote conversationId={conversationId} sequence={body.reply.sequence} />
        )}
        <div className={styles.words} data-kind={kindOf(message.body)}>
          <MessageBody body={message.body} place={message} cardPart={message.cardPart} />
          <span className={styles.time}>
            {message.editedMs > 0 ? (
              <button type="button" className={styles.edited} onClick={() => onEdits(message)}>
                {strings.edited}
              </button>
            ) : null}
            {isOwn ? <ReadBy message={message} isGroup={isGroup} /> : null}
            <time dateTime={new Date(message.timeMs).toISOString()} title={times.full(message.timeMs)}>
              {times.clock(message.timeMs)}
            </time>
          </span>
        </div>
        <LinkPreview message={message} />
        <Reactions message={message} onProblem={onProblem} />
      </div>
      <button
        type="button"
        className={styles.more}
        aria-label={strings.messageActions}
        aria-haspopup="menu"
        onClick={(event) => onMenu(row, event.currentTarget)}
      >
        <Icon name="more" size={18} />
      </button>
    </article>
  );
}

function Sender(props: {
  readonly id: UserId;
  readonly name: string;
  readonly isShown: boolean;
}): JSX.Element {
  const { id, name, isShown } = props;
  const showPerson = useShowPerson();
  return (
    <span className={styles.face}>
      {isShown ? (
        // The name beside it, or over the conversation, is the same for keys.
        <button
          type="button"
          className={styles.person}
          tabIndex={-1}
          aria-hidden="true"
          onClick={() => showPerson(id)}
        >
          <Avatar id={id} name={name} size="small" />
        </button>
      ) : null}
    </span>
  );
}

function SenderName({ id, name }: { readonly id: UserId; readonly name: string }): JSX.Element {
  const strings = useStrings();
  const showPerson = useShowPerson();
  return (
    <button
      type="button"
      className={styles.sender}
      aria-label={strings.people.profileOf(name)}
      onClick={() => showPerson(id)}
    >
      {name}
    </button>
  );
}

function PendingBubble(props: {
  readonly row: Extract<Row, { kind: "pending" }>;
  readonly conversationId: ConversationId;
}): JSX.Element {
  const strings = useStrings();
  const { pending } = props.row;
  const { body, conversationId } = pending;
  const isFailed = pending.state === "failed";
  return (
    <article className={styles.message} data-own={true} data-state={pending.state} aria-label={strings.you}>
      <div className={styles.pending}>
        <div className={styles.bubble}>
          {body.reply === undefined ? null : (
            <Quote conversationId={conversationId} sequence={body.reply.sequence} />
          )}
          <div className={styles.words} data-kind={kindOf(body)}>
            <MessageBody body={body} place={undefined} />
            {isFailed ? null : (
              <span className={styles.time}>
                <Icon name="clock" size={13} />
                {pending.state === "sending" ? strings.sending : strings.queued}
              </span>
            )}
          </div>
        </div>
        {isFailed ? <FailedActions {...props} code={pending.failureCode ?? "unexpected"} /> : null}
      </div>
    </article>
  );
}

function FailedActions(props: {
  readonly row: Extract<Row, { kind: "pending" }>;
  readonly conversationId: ConversationId;
  readonly code: string;
}): JSX.Element {
  const { row, conversationId, code } = props;
  const { client } = useChat();
  const strings = useStrings();
  const { clientMessageId } = row.pending;
  // A second click comes too late: the message is on its way or gone, which the row shows by itself.
  const run = (action: Promise<void>): void => void action.catch(() => undefined);
  return (
    <div className={styles.failed} role="group" aria-label={strings.failed}>
      <span>
        {strings.failed}. {problemOfCode(strings, code)}
      </span>
      <Button kind="link" onClick={() => run(client.retry(conversationId, clientMessageId))}>
        {strings.retry}
      </Button>
      <Button kind="link" onClick={() => run(client.discard(conversationId, clientMessageId))}>
        {strings.discard}
      </Button>
    </div>
  );
}
