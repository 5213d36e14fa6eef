import type { JSX } from "react";
import styles from "./skeleton.module.css";

/** Grey shapes where lines will be, so that what comes later moves nothing. */
export function Skeleton(props: {
  readonly label: string;
  readonly count: number;
  readonly shape: "entry" | "message";
}): JSX.Element {
  const { label, count, shape } = props;
  return (
    <div className={styles.skeleton} data-shape={shape} role="status" aria-label={label}>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className={styles.item} data-odd={index % 3 === 1}>
          <span className={styles.circle} />
          <span className={styles.lines} />
        </div>
      ))}
    </div>
  );
}
