import type { JSX } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Problem } from "./problem.js";
import { useAction } from "./use-action.js";

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
  const { isBusy, problem, run } = useAction(onConfirm, onClose);
  const footer = (
    <>
      <Button onClick={onClose}>{strings.cancel}</Button>
      <Button kind="danger" disabled={isBusy} onClick={() => void run()}>
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
