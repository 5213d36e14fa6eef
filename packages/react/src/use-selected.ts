/** A part of what a store holds, which changes only when the part does. */
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

interface Selection<T> {
  readonly selected: T;
}

/** What `select` makes of the store's value; the same one as before while `isEqual` says so. `select` may be another in each rendering. */
export function useSelected<S, T>(
  store: { readonly subscribe: (listener: () => void) => () => void; readonly read: () => S },
  select: (value: S) => T,
  isEqual: (one: T, other: T) => boolean,
): T {
  const { subscribe, read } = store;
  /** What was shown last. */
  const shown = useRef<Selection<T> | undefined>(undefined);
  const readSelected = useMemo(() => {
    let of: { readonly value: S; readonly selected: T } | undefined;
    return (): T => {
      const value = read();
      if (of !== undefined && Object.is(of.value, value)) return of.selected;
      const fresh = select(value);
      const before = of ?? shown.current;
      const selected = before !== undefined && isEqual(before.selected, fresh) ? before.selected : fresh;
      of = { value, selected };
      return selected;
    };
  }, [read, select, isEqual]);
  const selected = useSyncExternalStore(subscribe, readSelected, readSelected);
  useEffect(() => {
    shown.current = { selected };
  }, [selected]);
  return selected;
}
