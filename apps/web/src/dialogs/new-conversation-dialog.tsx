import { type ConversationId, TITLE_BYTES_MAX, type User, type UserId } from "@parley/protocol";
import { type JSX, type SubmitEvent, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import { JoinPart } from "../groups/join-part.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./new-conversation-dialog.module.css";
import { PeoplePicker } from "./people-picker.js";

/** No character takes more than four bytes, so a title of this length always fits. */
const TITLE_CHARACTERS_MAX = Math.floor(TITLE_BYTES_MAX / 4);

type Kind = "person" | "group" | "join";

/** Starts a chat with a person, or makes a group. */
export function NewConversationDialog(props: {
  readonly onCreated: (conversationId: ConversationId) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { onCreated, onClose } = props;
  const strings = useStrings();
  const [kind, setKind] = useState<Kind>("person");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const create = async (made: Promise<ConversationId>): Promise<void> => {
    setIsBusy(true);
    setProblem("");
    try {
      onCreated(await made);
    } catch (error) {
      setProblem(problemText(strings, error));
      setIsBusy(false);
    }
  };
  const part = { isBusy, onCreate: (made: Promise<ConversationId>) => void create(made) };
  return (
    <Dialog title={strings.newConversation} onClose={onClose}>
      <div className={styles.kinds} role="radiogroup" aria-label={strings.newConversation}>
        {(["person", "group", "join"] as const).map((each) => (
          <label key={each} className={styles.kind}>
            <input type="radio" name="kind" checked={kind === each} onChange={() => setKind(each)} />
            <span>{each === "join" ? strings.groups.join : strings[each]}</span>
          </label>
        ))}
      </div>
      <Problem text={problem} />
      {kind === "person" ? <PersonPart {...part} /> : null}
      {kind === "group" ? <GroupPart {...part} /> : null}
      {kind === "join" ? <JoinPart onJoined={onCreated} /> : null}
    </Dialog>
  );
}

interface PartProps {
  readonly isBusy: boolean;
  readonly onCreate: (made: Promise<ConversationId>) => void;
}

function PersonPart({ isBusy, onCreate }: PartProps): JSX.Element {
  const { client } = useChat();
  return (
    <PeoplePicker
      except={new Set([client.self])}
      isBusy={isBusy}
      onPick={({ userId }) => onCreate(client.createDirect(userId))}
    />
  );
}

function GroupPart({ isBusy, onCreate }: PartProps): JSX.Element {
  const strings = useStrings();
  const { client } = useChat();
  const [title, setTitle] = useState("");
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [isHistoryOpen, setIsHistoryOpen] = useState(true);
  const canCreate = title.trim() !== "" && chosen.length > 0 && !isBusy;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const userIds = chosen.map(({ userId }) => userId);
    if (canCreate) onCreate(client.createGroup({ title: title.trim(), userIds, isHistoryOpen }));
  };
  return (
    <form className={styles.group} onSubmit={submit}>
      <label className={styles.field}>
        <span>{strings.groupTitle}</span>
        <input
          value={title}
          maxLength={TITLE_CHARACTERS_MAX}
          required
          onChange={(event) => setTitle(event.target.value)}
        />
      </label>
      <Chosen
        users={chosen}
        onRemove={(userId) => setChosen(chosen.filter((user) => user.userId !== userId))}
      />
      <PeoplePicker
        except={new Set([client.self, ...chosen.map(({ userId }) => userId)])}
        isBusy={isBusy}
        onPick={(user) => setChosen([...chosen, user])}
      />
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={isHistoryOpen}
          onChange={(event) => setIsHistoryOpen(event.target.checked)}
        />
        <span>{strings.shareHistory}</span>
      </label>
      <div className={styles.end}>
        {canCreate || isBusy ? null : <p className={styles.hint}>{strings.groupNeeds}</p>}
        <Button kind="primary" type="submit" disabled={!canCreate}>
          {strings.createGroup}
        </Button>
      </div>
    </form>
  );
}

function Chosen(props: {
  readonly users: readonly User[];
  readonly onRemove: (userId: UserId) => void;
}): JSX.Element | null {
  const { users, onRemove } = props;
  const strings = useStrings();
  if (users.length === 0) return null;
  return (
    <ul className={styles.chosen} aria-label={strings.chosen}>
      {users.map(({ userId, name }) => (
        <li key={userId}>
          <button type="button" aria-label={strings.removePerson(name)} onClick={() => onRemove(userId)}>
            {name}
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}
