import type { FindPeopleOptions } from "@parley/client";
import type { ConversationId, User } from "@parley/protocol";
import { useEffect, useState } from "react";
import { useChat } from "../session/chat-context.js";

/** Who was found so far. */
export interface Found {
  /** Undefined: nothing is known yet. */
  readonly users?: readonly User[] | undefined;
  /** Nothing more comes. */
  readonly isWhole: boolean;
  readonly problem?: unknown;
}

/** The people who fit a text: first those who are known here, then the server's answer; those of before while nobody is known. */
export function usePeople(text: string, limit: number, conversationId?: ConversationId): Found {
  const { client, names } = useChat();
  const [found, setFound] = useState<Found>({ isWhole: false });
  useEffect(() => {
    let isNewest = true;
    const options: FindPeopleOptions = { limit, ...(conversationId === undefined ? {} : { conversationId }) };
    const look = async (): Promise<void> => {
      let last: readonly User[] | undefined;
      for await (const users of client.findPeople(text, options)) {
        if (!isNewest) return;
        names.learn(users);
        last = users;
        setFound((before) => ({ users: users.length > 0 ? users : before.users, isWhole: false }));
      }
      if (isNewest) setFound({ users: last, isWhole: true });
    };
    look().catch((problem: unknown) => {
      if (isNewest) setFound((before) => ({ ...before, isWhole: true, problem }));
    });
    return () => {
      isNewest = false;
    };
  }, [client, names, text, limit, conversationId]);
  return found;
}
