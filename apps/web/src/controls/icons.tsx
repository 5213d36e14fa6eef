/** The few pictures of the app, drawn on a field of 24 by 24. Their buttons carry the words. */
import type { JSX } from "react";
import styles from "./icons.module.css";

const PATHS = {
  add: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3.2 2.6 3.5 5.5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20",
  send: "M4.5 12 3.5 4.5 21 12 3.5 19.5 4.5 12Zm0 0H11",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.5 2",
  warning: "M12 4 2.5 20h19L12 4ZM12 10v4.5M12 17.2v.3",
  mention:
    "M15.5 8.5v5a2.5 2.5 0 0 0 5 0V12a8.5 8.5 0 1 0-3.4 6.8M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
  pin: "M9 4h6l-1 6 3 3H7l3-3-1-6ZM12 13v7",
  attach: "M19.5 11.5 12 19a5 5 0 0 1-7-7l8-8a3.3 3.3 0 0 1 4.7 4.7l-8 8a1.6 1.6 0 0 1-2.3-2.3L14.5 7.2",
  play: "M8 5.2v13.6L19 12 8 5.2Z",
  file: "M13.5 3.5H7a1.5 1.5 0 0 0-1.5 1.5v14A1.5 1.5 0 0 0 7 20.5h10a1.5 1.5 0 0 0 1.5-1.5V8.5l-5-5ZM13.5 3.5v5h5",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
  picture: "M4.5 5h15v14h-15V5ZM4.5 16l4.5-4.5 4 4 2.5-2.5 4 4M15 9.5h.01",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 4v4h-4",
  next: "M9 5l7 7-7 7",
  bell: "M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 2h-15l1.5-2ZM10 20.5h4",
  muted: "M8 5.5A6 6 0 0 1 18 11v4M6 9.5v7l-1.5 2h13M10 20.5h4M4 4l16 16",
  filter: "M4 7h16M7 12h10M10 17h4",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
} as const;

export type IconName = keyof typeof PATHS;

/** A picture that screen readers skip. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg
      className={styles.icon}
      data-name={name}
      viewBox="0 0 24 24"
      width={size}
      height={size}
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
