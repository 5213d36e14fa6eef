/** Dialogs whose code is fetched when they are first opened. */
import { Failure } from "@parley/base";
import { type JSX, useEffect, useState } from "react";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { Dialog } from "./dialog.js";
import { Problem } from "./problem.js";

const UNREACHABLE = new Failure("unavailable", "The dialog did not come.", { retry: "same" });

/** The dialog that `load` brings. What did not come is told, and tried again when the dialog is opened again. */
export function late<P extends { readonly onClose: () => void }>(
  load: () => Promise<(props: P) => JSX.Element>,
): (props: P) => JSX.Element | null {
  let Loaded: ((props: P) => JSX.Element) | undefined;
  return function Late(props) {
    const strings = useStrings();
    const [state, setState] = useState<"coming" | "there" | "missing">("coming");
    useEffect(() => {
      if (Loaded !== undefined) return;
      load().then(
        (dialog) => {
          Loaded = dialog;
          setState("there");
        },
        () => setState("missing"),
      );
    }, []);
    if (Loaded !== undefined) return <Loaded {...props} />;
    if (state !== "missing") return null;
    return (
      <Dialog title={strings.appName} onClose={props.onClose}>
        <Problem text={problemText(strings, UNREACHABLE)} />
      </Dialog>
    );
  };
}
