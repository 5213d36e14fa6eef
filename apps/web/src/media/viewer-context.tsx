import type { ConversationId, MediaBody } from "@parley/protocol";
import { createContext, type JSX, type ReactNode, useContext, useState } from "react";
import type { MediaPlace } from "./media-cache.js";
import { Viewer } from "./viewer.js";

/** A picture of a message. */
export interface ViewedPicture {
  readonly media: MediaBody;
  readonly place: MediaPlace;
}

const ViewerContext = createContext<(picture: ViewedPicture) => void>(() => undefined);

/** Shows a picture whole, over the page. */
export function useViewer(): (picture: ViewedPicture) => void {
  return useContext(ViewerContext);
}

/** Holds what is viewed above the list, whose rows come and go. */
export function ViewerProvider(props: {
  readonly conversationId: ConversationId;
  readonly children: ReactNode;
}): JSX.Element {
  const { conversationId, children } = props;
  const [shown, setShown] = useState<ViewedPicture>();
  return (
    <ViewerContext value={setShown}>
      {children}
      {shown === undefined ? null : (
        <Viewer
          conversationId={conversationId}
          shown={shown}
          onShow={setShown}
          onClose={() => setShown(undefined)}
        />
      )}
    </ViewerContext>
  );
}
