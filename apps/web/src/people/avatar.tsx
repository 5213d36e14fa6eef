import type { JSX } from "react";
import styles from "./avatar.module.css";
import { hueOf, initialsOf } from "./initials.js";

/** A circle with initials. It says nothing that its neighbour does not, so screen readers skip it. */
export function Avatar(props: {
  readonly id: string;
  readonly name: string;
  readonly isGroup?: boolean;
  readonly size?: "small" | "large";
}): JSX.Element {
  const { id, name, isGroup = false, size = "large" } = props;
  return (
    <span
      className={styles.avatar}
      data-hue={hueOf(id)}
      data-group={isGroup}
      data-size={size}
      aria-hidden="true"
    >
      {initialsOf(name)}
    </span>
  );
}
