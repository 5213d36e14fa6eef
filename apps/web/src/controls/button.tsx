import type { ComponentProps, JSX } from "react";
import styles from "./button.module.css";

export interface ButtonProps extends ComponentProps<"button"> {
  /** "primary" for what the place is about, "danger" for what cannot be undone, "icon" for a picture alone. */
  readonly kind?: "primary" | "plain" | "danger" | "link" | "icon";
}

/** A button. It submits nothing unless it says so. */
export function Button({ kind = "plain", type = "button", ...rest }: ButtonProps): JSX.Element {
  return <button {...rest} type={type} className={styles.button} data-kind={kind} />;
}
