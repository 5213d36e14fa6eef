import type { Group } from "@parley/client";
import { type ConversationId, type GroupSettings, NOTICE_BYTES_MAX, TITLE_BYTES_MAX } from "@parley/protocol";
import { type JSX, type SubmitEvent, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useAction } from "../controls/use-action.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./group-dialog.module.css";

const HOUR_MS = 60 * 60 * 1000;
/** No character takes more than four bytes. */
const TITLE_CHARACTERS_MAX = Math.floor(TITLE_BYTES_MAX / 4);
const NOTICE_CHARACTERS_MAX = Math.floor(NOTICE_BYTES_MAX / 4);

type Shown = Pick<GroupSettings, "title" | "notice" | "joinPolicy" | "postBy" | "addBy">;

/** What can be set of a group. What is not changed is not sent, so whoever may change the rest can. */
export function SettingsForm(props: {
  readonly group: Group;
  readonly conversationId: ConversationId;
  readonly onClose: () => void;
}): JSX.Element {
  const { group, conversationId, onClose } = props;
  const strings = useStrings();
  const words = strings.groups;
  const { client } = useChat();
  const [before] = useState(() => shownOf(group));
  const [now, setNow] = useState(before);
  const [muteMs, setMuteMs] = useState<number>();
  const isMuted = (group.info.settings?.mutedUntilMs ?? 0) > Date.now();
  const save = async (): Promise<void> => {
    const names = (Object.keys(now) as (keyof Shown)[]).filter((name) => now[name] !== before[name]);
    const changed = Object.fromEntries(names.map((name) => [name, now[name]]));
    const mute = muteMs === undefined ? {} : { mutedUntilMs: muteMs };
    await client.groups.update(conversationId, { ...changed, ...mute });
  };
  const { isBusy, problem, run } = useAction(save, onClose);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void run();
  };
  const choice = { group, now, onChange: setNow };
  return (
    <Dialog title={words.settings} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        <Problem text={problem} />
        <label className={styles.field}>
          <span>{strings.groupTitle}</span>
          <input
            value={now.title}
            required
            maxLength={TITLE_CHARACTERS_MAX}
            onChange={(event) => setNow({ ...now, title: event.target.value })}
          />
        </label>
        <label className={styles.field}>
          <span>{words.notice}</span>
          <textarea
            value={now.notice}
            maxLength={NOTICE_CHARACTERS_MAX}
            onChange={(event) => setNow({ ...now, notice: event.target.value })}
          />
        </label>
        <Choice {...choice} name="joinPolicy" options={words.joinPolicies} />
        <Choice {...choice} name="postBy" options={words.circles} />
        <Choice {...choice} name="addBy" options={words.circles} />
        <label className={styles.row}>
          <input
            type="checkbox"
            checked={muteMs !== undefined}
            onChange={(event) =>
              setMuteMs(event.target.checked ? (isMuted ? 0 : Date.now() + HOUR_MS) : undefined)
            }
          />
          <span>{isMuted ? words.unmuteAll : words.muteAll}</span>
        </label>
        <Button kind="primary" type="submit" disabled={isBusy}>
          {strings.save}
        </Button>
      </form>
    </Dialog>
  );
}

function Choice(props: {
  readonly group: Group;
  readonly now: Shown;
  readonly name: "joinPolicy" | "postBy" | "addBy";
  readonly options: Readonly<Record<string, string>>;
  readonly onChange: (now: Shown) => void;
}): JSX.Element {
  const { group, now, name, options, onChange } = props;
  const { groups: words } = useStrings();
  return (
    <label className={styles.field}>
      <span>{words[name]}</span>
      <select
        value={now[name]}
        disabled={group.scenario?.locked.includes(name) === true}
        onChange={(event) => onChange({ ...now, [name]: event.target.value })}
      >
        {Object.entries(options).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What is not set shows as what it stands for. */
function shownOf({ info }: Group): Shown {
  const { title = "", notice = "", joinPolicy = "", postBy = "", addBy = "" } = info.settings ?? {};
  return {
    title,
    notice,
    joinPolicy: joinPolicy || "invite",
    postBy: postBy || "all",
    addBy: addBy || "all",
  };
}
