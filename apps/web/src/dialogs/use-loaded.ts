import { useCallback, useEffect, useState } from "react";
import { useConnection } from "../session/chat-context.js";

export interface Loaded<T> {
  /** The newest value; undefined until the first is there. */
  readonly value: T | undefined;
  /** Why the newest try failed. */
  readonly problem: unknown;
  readonly reload: () => void;
}

/** What `load` gives, loaded when the component appears, on `reload`, and after a failure with the next connection. `load` must stay the same function. */
export function useLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const [latest, setValue] = useState<T>();
  const [failure, setProblem] = useState<unknown>();
  const [count, setCount] = useState(0);
  useEffect(() => {
    let isNewest = true;
    const show = (next: { readonly value?: T; readonly problem: unknown }): void => {
      if (!isNewest) return;
      setProblem(next.problem);
      // After a failure the older value is better than none.
      if (next.value !== undefined) setValue(next.value);
    };
    load().then(
      (value) => show({ value, problem: undefined }),
      (problem: unknown) => show({ problem }),
    );
    return () => {
      isNewest = false;
    };
  }, [load, count]);
  const reload = useCallback(() => setCount((before) => before + 1), []);
  const { state } = useConnection();
  useEffect(() => {
    // What came to nothing, mostly for want of a connection, is tried again with the next one.
    if (state === "live" && failure !== undefined) reload();
  }, [state, reload]);
  return { value: latest, problem: failure, reload };
}
