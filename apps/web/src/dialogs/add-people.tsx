import type { ConversationId, Member, User } from "@parley/protocol";
import { type JSX, useState } from "react";
import { Problem } from "../controls/problem.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { PeoplePicker } from "./people-picker.js";

/** Finds people, and adds who is chosen to a group. */
export function AddPeople(props: {
  readonly conversationId: ConversationId;
  readonly members: readonly Member[];
  readonly onAdded: () => void;
}): JSX.Element {
  const { conversationId, members, onAdded } = props;
  const strings = useStrings();
  const { client } = useChat();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const add = async ({ userId }: User): Promise<void> => {
    setIsBusy(true);
    try {
      await client.addMembers(conversationId, [userId]);
      onAdded();
    } catch (error) {
      setProblem(problemText(strings, error));
      setIsBusy(false);
    }
  };
  return (
    <>
      <Problem text={problem} />
      <PeoplePicker
        except={new Set(members.map(({ userId }) => userId))}
        isBusy={isBusy}
        onPick={(user) => void add(user)}
      />
    </>
  );
}
