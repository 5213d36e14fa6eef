import { type JSX, type MouseEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useStrings } from "../preferences/preferences-context.js";
import { Button } from "./button.js";
import styles from "./dialog.module.css";
import { Icon } from "./icons.js";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** The buttons at the end. */
  readonly footer?: ReactNode;
}

/**
 * A window over the app. The browser's own modal dialog keeps the focus inside, gives it back afterwards and closes on
 * Escape; a click beside it closes it too.
 */
export function Dialog({ title, onClose, children, footer }: DialogProps): JSX.Element {
  const strings = useStrings();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  // Closed before it leaves the page: only then the browser gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const onClick = (event: MouseEvent): void => {
    // The dialog itself is hit only on its backdrop: everything else lies in its frame.
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      aria-labelledby={titleId}
      onClick={onClick}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className={styles.frame}>
        <header className={styles.header}>
          <h2 id={titleId}>{title}</h2>
          <Button kind="icon" aria-label={strings.close} onClick={onClose}>
            <Icon name="close" />
          </Button>
        </header>
        <div className={styles.body}>{children}</div>
        {footer === undefined ? null : <footer className={styles.footer}>{footer}</footer>}
      </div>
    </dialog>
  );
}
