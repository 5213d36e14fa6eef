import { type JSX, useCallback, useSyncExternalStore } from "react";
import { Skeleton } from "../controls/skeleton.js";
import { useStrings } from "../preferences/preferences-context.js";
import { ChatContext } from "../session/chat-context.js";
import type { SessionController } from "../session/session-controller.js";
import { SignIn } from "../sign-in/sign-in.js";
import styles from "./chat-shell.module.css";
import { ChatShell } from "./chat-shell.js";

const SKELETON_ROWS = 8;

/** The app: what is shown follows from who is signed in. */
export function App({ controller }: { readonly controller: SessionController }): JSX.Element {
  const strings = useStrings();
  const state = useSyncExternalStore(controller.subscribe, controller.current);
  const signOut = useCallback(() => controller.signOut(), [controller]);
  switch (state.kind) {
    case "starting":
      return (
        <div className={styles.shell} data-open={false}>
          <div className={styles.side}>
            <Skeleton label={strings.loading} count={SKELETON_ROWS} shape="entry" />
          </div>
        </div>
      );
    case "signed-out":
      return <SignIn controller={controller} state={state} />;
    case "signed-in":
      return (
        <ChatContext value={state.chat}>
          <ChatShell onSignOut={signOut} />
        </ChatContext>
      );
  }
}
