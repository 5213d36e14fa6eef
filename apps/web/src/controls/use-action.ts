import { useState } from "react";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";

/** What a dialog's button does: `onDone` follows when it is done, and `problem` says why it is not. */
export function useAction(
  action: () => Promise<void>,
  onDone: () => void,
): { readonly isBusy: boolean; readonly problem: string; readonly run: () => Promise<void> } {
  const strings = useStrings();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = async (): Promise<void> => {
    setIsBusy(true);
    try {
      await action();
      onDone();
    } catch (error) {
      setProblem(problemText(strings, error));
      setIsBusy(false);
    }
  };
  return { isBusy, problem, run };
}
