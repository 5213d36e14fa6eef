import { type JSX, useEffect } from "react";
import { Avatar } from "../people/avatar.js";
import { useStrings } from "../preferences/preferences-context.js";
import styles from "./mention-list.module.css";
import type { MentionChoice } from "./mention-query.js";

/** Who may be meant, above the field; the field keeps the focus and its keys move the choice. */
export function MentionList(props: {
  readonly id: string;
  readonly choices: readonly MentionChoice[];
  readonly chosen: number;
  readonly onChoose: (choice: MentionChoice) => void;
}): JSX.Element {
  const { id, choices, chosen, onChoose } = props;
  const strings = useStrings();
  // The focus stays in the field, so the browser does not see that the list has to move.
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [id, chosen]);
  return (
    <ul id={id} className={styles.list} role="listbox" aria-label={strings.mention}>
      {choices.map((choice, index) => (
        <li
          key={choice.userId}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          className={styles.choice}
          // A click would take the focus from the field first.
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(choice);
          }}
        >
          <Avatar id={choice.userId} name={choice.name} isGroup={choice.userId === "all"} size="small" />
          <span dir="auto">{choice.name}</span>
        </li>
      ))}
    </ul>
  );
}
