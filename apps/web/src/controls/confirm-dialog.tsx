import { type JSX, useState } from "react";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Problem } from "./problem.js";

/** Asks before something that cannot be undone. It closes when that is done, and says so when it fails. */
export function ConfirmDialog(props: {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}): JSX.Element {
  const { title, text, action, onConfirm, onClose } = props;
  const strings = useStrings();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const confirm = async (): Promise<void> => {
    setIsBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(problemText(strings, error));
      setIsBusy(false);
    }
  };
  const footer = (
    <>
      <Button onClick={onClose}>{strings.cancel}</Button>
      <Button kind="danger" disabled={isBusy} onClick={() => void confirm()}>
        {action}
      </Button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} footer={footer}>
      <p>{text}</p>
      <Problem text={problem} />
    </Dialog>
  );
}
