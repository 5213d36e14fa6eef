/** What each request frame about presence and typing does: these are about the connection that asks. */
import type { Session } from "@parley/contracts";
import { type Frame, parseConversationId, parseUserId } from "@parley/protocol";
import type { Answer } from "../requests.js";
import type { PresencePort, PresenceSink } from "./presence-port.js";
import type { TypingRelay, TypingSink } from "./typing-relay.js";

export type PresenceFrame = Extract<Frame, { readonly name: "watchPresence" | "setActive" | "typing" }>;

export interface PresenceParts {
  readonly presence: PresencePort;
  readonly typing: TypingRelay;
}

const DONE: Answer = { name: "done", payload: {} };

export function isPresenceRequest(frame: Frame): frame is PresenceFrame {
  return frame.name === "watchPresence" || frame.name === "setActive" || frame.name === "typing";
}

/** Errors: "bad-request"; those of the board and of the relay. */
export async function answerPresence(
  { presence, typing }: PresenceParts,
  connection: PresenceSink & TypingSink,
  session: Session,
  frame: PresenceFrame,
): Promise<Answer> {
  switch (frame.name) {
    case "watchPresence": {
      const people = presence.watch(connection, frame.payload.userIds.map(parseUserId));
      return { name: "presence", payload: { people } };
    }
    case "setActive":
      presence.setActive(connection, frame.payload.isActive);
      return DONE;
    case "typing":
      await typing.typing(connection, session, parseConversationId(frame.payload.conversationId));
      return DONE;
  }
}
