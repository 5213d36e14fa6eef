/** A value of the client as the page shows it: the newest, or the one before while the drawing of the newest waits. */
import type { DrawPace } from "./draw-pace.js";

export interface PacedViewOptions<T> {
  readonly pace: DrawPace;
  /** The newest; the same value until it changes. */
  readonly read: () => T;
  /** Calls back with each change, and returns what ends it. */
  readonly listen: (onChange: () => void) => () => void;
  /** Whether somebody waits for the step from what is shown to the newest. */
  readonly isAwaited?: (shown: T, newest: T) => boolean;
}

/** A store for `useSyncExternalStore`. */
export interface PacedView<T> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly current: () => T;
}

export function createPacedView<T>(options: PacedViewOptions<T>): PacedView<T> {
  const { pace, read, listen, isAwaited } = options;
  const listeners = new Set<() => void>();
  let shown = read();
  let isWaiting = false;
  const draw = (): void => {
    isWaiting = false;
    for (const listener of listeners) listener();
  };
  const onChange = (): void => {
    isWaiting = true;
    if (isAwaited?.(shown, read()) === true) pace.drawNow(draw);
    else pace.request(draw);
  };
  let stop: () => void = () => undefined;
  return {
    subscribe: (listener) => {
      if (listeners.size === 0) stop = listen(onChange);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop();
        pace.forget(draw);
        isWaiting = false;
      };
    },
    current: () => {
      if (!isWaiting) shown = read();
      return shown;
    },
  };
}
