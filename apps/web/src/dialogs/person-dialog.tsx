import type { User, UserId } from "@parley/protocol";
import type { JSX } from "react";
import { Dialog } from "../controls/dialog.js";
import { useStrings } from "../preferences/preferences-context.js";
import { PeoplePicker } from "./people-picker.js";

const NOBODY: ReadonlySet<UserId> = new Set();

/** Asks for one person of the organisation. */
export function PersonDialog(props: {
  readonly onPick: (user: User) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { onPick, onClose } = props;
  const strings = useStrings();
  return (
    <Dialog title={strings.findPeople} onClose={onClose}>
      <PeoplePicker except={NOBODY} isBusy={false} onPick={onPick} />
    </Dialog>
  );
}
