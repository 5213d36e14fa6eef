import { Component, type JSX, type ReactNode } from "react";
import { Button } from "../controls/button.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useUpdates } from "../updates/updates-context.js";
import styles from "./page-message.module.css";

interface ErrorBoundaryState {
  readonly hasFailed: boolean;
}

/** Shows a way on when a component below throws; without it React would leave a blank page. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { hasFailed: false };

  static getDerivedStateFromError(): ErrorBoundaryState {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <Crashed /> : this.props.children;
  }
}

function Crashed(): JSX.Element {
  const strings = useStrings();
  const updates = useUpdates();
  return (
    <main className={styles.page} role="alert">
      <h1>{strings.crashed}</h1>
      <p className={styles.hint}>{strings.crashedHint}</p>
      <Button kind="primary" onClick={() => void updates.reload()}>
        {strings.reload}
      </Button>
    </main>
  );
}
