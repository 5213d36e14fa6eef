import type { UserId } from "@parley/protocol";
import type { JSX } from "react";
import styles from "./avatar.module.css";
import { hueOf, initialsOf } from "./initials.js";
import { usePicture } from "./use-picture.js";

/** A circle with a person's picture, or with initials. It says nothing that its neighbour does not, so screen readers skip it. */
export function Avatar(props: {
  readonly id: string;
  readonly name: string;
  readonly isGroup?: boolean;
  readonly size?: "small" | "large" | "huge";
}): JSX.Element {
  const { id, name, isGroup = false, size = "large" } = props;
  const picture = usePicture(isGroup ? undefined : (id as UserId));
  return (
    <span
      className={styles.avatar}
      data-hue={hueOf(id)}
      data-group={isGroup}
      data-size={size}
      aria-hidden="true"
    >
      {picture === undefined ? (
        initialsOf(name)
      ) : (
        <img src={picture.url} alt="" draggable={false} onError={picture.onError} />
      )}
    </span>
  );
}
