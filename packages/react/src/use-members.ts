/** Who is in a conversation. */
import type { Member, ConversationId } from "@parley/protocol";
import { useEffect, useState } from "react";
import { useParley } from "./parley-provider.js";

/** The members, as far as they are known. */
export interface LoadedMembers {
  /** By user id; undefined until the first answer. */
  readonly members: readonly Member[] | undefined;
  /** Why they could not be fetched last; asked again when the group changes or a connection comes. */
  readonly failure: unknown;
}

interface Answer extends LoadedMembers {
  readonly conversationId: ConversationId;
}

/** The members of a conversation, asked for again when they change. */
export function useMembers(conversationId: ConversationId): LoadedMembers {
  const client = useParley();
  const [answer, setAnswer] = useState<Answer>({ conversationId, members: undefined, failure: undefined });
  useEffect(() => {
    let asked = 0;
    const ask = (): void => {
      asked += 1;
      const own = asked;
      client.members(conversationId).then(
        (members) => {
          if (own === asked) setAnswer({ conversationId, members, failure: undefined });
        },
        (failure: unknown) => {
          if (own === asked)
            setAnswer((before) => ({
              conversationId,
              members: before.conversationId === conversationId ? before.members : undefined,
              failure,
            }));
        },
      );
    };
    ask();
    const stops = [
      client.on("group", (event) => {
        if (event.conversationId === conversationId) ask();
      }),
      client.on("connection", ({ state }) => {
        if (state === "live") ask();
      }),
    ];
    return () => {
      asked += 1;
      for (const stop of stops) stop();
    };
  }, [client, conversationId]);
  return answer.conversationId === conversationId ? answer : NOTHING;
}

const NOTHING: LoadedMembers = { members: undefined, failure: undefined };
