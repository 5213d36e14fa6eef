import type { ConversationId, UserId } from "@parley/protocol";
import { createContext, type JSX, type ReactNode, useCallback, useContext, useState } from "react";
import { ProfileDialog } from "../dialogs/dialogs.js";

/** `onLeave` is called when a chat is opened from there. */
type ShowPerson = (userId: UserId, onLeave?: () => void) => void;

const PersonContext = createContext<ShowPerson>(() => undefined);

/** Shows who somebody is, over the page. */
export function useShowPerson(): ShowPerson {
  return useContext(PersonContext);
}

/** Holds who is shown above everything that names people. */
export function PersonProvider(props: {
  readonly onOpen: (conversationId: ConversationId) => void;
  readonly children: ReactNode;
}): JSX.Element {
  const { onOpen, children } = props;
  const [shown, setShown] = useState<{
    readonly userId: UserId;
    readonly onLeave?: (() => void) | undefined;
  }>();
  const show = useCallback<ShowPerson>((userId, onLeave) => setShown({ userId, onLeave }), []);
  const close = useCallback(() => setShown(undefined), []);
  return (
    <PersonContext value={show}>
      {children}
      {shown === undefined ? null : (
        <ProfileDialog
          key={shown.userId}
          userId={shown.userId}
          onClose={close}
          onOpen={(conversationId: ConversationId) => {
            close();
            shown.onLeave?.();
            onOpen(conversationId);
          }}
        />
      )}
    </PersonContext>
  );
}
