import type { ConversationId, UserId } from "@parley/protocol";
import { createContext, type JSX, type ReactNode, useCallback, useContext, useState } from "react";
import { ProfileDialog } from "../dialogs/dialogs.js";

const PersonContext = createContext<(userId: UserId) => void>(() => undefined);

/** Shows who somebody is, over the page. */
export function useShowPerson(): (userId: UserId) => void {
  return useContext(PersonContext);
}

/** Holds who is shown above everything that names people. */
export function PersonProvider(props: {
  readonly onOpen: (conversationId: ConversationId) => void;
  readonly children: ReactNode;
}): JSX.Element {
  const { onOpen, children } = props;
  const [shown, setShown] = useState<UserId>();
  const close = useCallback(() => setShown(undefined), []);
  return (
    <PersonContext value={setShown}>
      {children}
      {shown === undefined ? null : (
        <ProfileDialog
          key={shown}
          userId={shown}
          onClose={close}
          onOpen={(conversationId: ConversationId) => {
            close();
            onOpen(conversationId);
          }}
        />
      )}
    </PersonContext>
  );
}
