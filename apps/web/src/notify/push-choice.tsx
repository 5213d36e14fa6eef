import { failureCode } from "@parley/base";
import { type JSX, useState } from "react";
import { Problem } from "../controls/problem.js";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./notify.module.css";
import { canPush, isSubscribed, subscribe, unsubscribe } from "./web-push.js";

/** Whether this browser notifies while Parley is not open; nothing where it cannot. */
export function PushChoice(): JSX.Element | null {
  return canPush() ? <Choice /> : null;
}

function Choice(): JSX.Element {
  const strings = useStrings();
  const words = strings.notify;
  const { client } = useChat();
  const subscribed = useLoaded(isSubscribed);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const change = async (isWanted: boolean): Promise<void> => {
    setIsBusy(true);
    setProblem("");
    try {
      await (isWanted ? subscribe(client.notify) : unsubscribe(client.notify));
    } catch (error) {
      const isDenied = failureCode(error) === "push-denied";
      setProblem(isDenied ? words.hereDenied : problemText(strings, error));
    }
    subscribed.reload();
    setIsBusy(false);
  };
  return (
    <>
      <label className={styles.row}>
        <input
          type="checkbox"
          checked={subscribed.value === true}
          disabled={isBusy || subscribed.value === undefined}
          onChange={(event) => void change(event.target.checked)}
        />
        <span>{words.here}</span>
      </label>
      <Problem text={problem} />
    </>
  );
}
