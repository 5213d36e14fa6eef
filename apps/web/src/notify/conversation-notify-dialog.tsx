import { conversationNotify } from "@parley/client";
import { type ConversationEntry, NEVER_MS, NOTIFY_LEVELS, type NotifyLevel } from "@parley/protocol";
import { type JSX, type SubmitEvent, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useAction } from "../controls/use-action.js";
import { useStrings, useTimes } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { isMutedNow } from "./muted.js";
import styles from "./notify.module.css";

const HOUR_MS = 60 * 60 * 1000;
type Mute = "as-it-is" | "off" | "hour" | "day" | "good";
const MUTES: readonly Exclude<Mute, "as-it-is">[] = ["off", "hour", "day", "good"];

/** What one is notified of in a conversation. */
export function ConversationNotifyDialog(props: {
  readonly entry: ConversationEntry;
  readonly onClose: () => void;
}): JSX.Element {
  const { entry, onClose } = props;
  const strings = useStrings();
  const times = useTimes();
  const words = strings.notify;
  const { client } = useChat();
  const [before] = useState(() => conversationNotify(entry));
  const isMuted = isMutedNow(before);
  const [level, setLevel] = useState(before.level);
  const [mute, setMute] = useState<Mute>(isMuted ? "as-it-is" : "off");
  const save = (): Promise<void> =>
    client.notify.setConversation(entry.conversationId, {
      // Who only mutes leaves the level as it is, also where it was never set.
      ...(level === before.level ? {} : { level }),
      mutedUntilMs: untilOf(mute, before.mutedUntilMs),
    });
  const { isBusy, problem, run } = useAction(save, onClose);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void run();
  };
  const untilText = (): string =>
    before.mutedUntilMs === NEVER_MS ? words.mutedForGood : words.mutedUntil(times.full(before.mutedUntilMs));
  return (
    <Dialog title={words.ofConversation} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        <Problem text={problem} />
        <label>
          {words.level}{" "}
          <select value={level} onChange={(event) => setLevel(event.target.value as NotifyLevel)}>
            {NOTIFY_LEVELS.map((each) => (
              <option key={each} value={each}>
                {words.levels[each]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.mute}{" "}
          <select value={mute} onChange={(event) => setMute(event.target.value as Mute)}>
            {isMuted ? <option value="as-it-is">{untilText()}</option> : null}
            {MUTES.map((each) => (
              <option key={each} value={each}>
                {words.mutes[each]}
              </option>
            ))}
          </select>
        </label>
        <Button kind="primary" type="submit" disabled={isBusy}>
          {strings.save}
        </Button>
      </form>
    </Dialog>
  );
}

function untilOf(mute: Mute, beforeMs: number): number {
  if (mute === "as-it-is") return beforeMs;
  if (mute === "off") return 0;
  if (mute === "good") return NEVER_MS;
  return Date.now() + (mute === "hour" ? HOUR_MS : 24 * HOUR_MS);
}
