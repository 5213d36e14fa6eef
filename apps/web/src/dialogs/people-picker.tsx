import { DIRECTORY_PAGE_MAX, type User, type UserId } from "@parley/protocol";
import { type JSX, useEffect, useState } from "react";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import styles from "./people-picker.module.css";

/** People that a search shows. */
const SHOWN_MAX = Math.min(30, DIRECTORY_PAGE_MAX);
/** A search begins when this long nothing was typed. */
const TYPING_MS = 150;

/** A field that finds people by the beginning of their id, and what it found. */
export function PeoplePicker(props: {
  /** People that are not offered. */
  readonly except: ReadonlySet<UserId>;
  readonly isBusy: boolean;
  readonly onPick: (user: User) => void;
}): JSX.Element {
  const { except, isBusy, onPick } = props;
  const strings = useStrings();
  const [query, setQuery] = useState("");
  const { users, problem } = usePeople(query.trim());
  const shown = users?.filter(({ userId }) => !except.has(userId));
  return (
    <div className={styles.picker}>
      <label className={styles.search}>
        <Icon name="search" size={18} />
        <input
          type="search"
          value={query}
          autoCapitalize="none"
          spellCheck={false}
          placeholder={strings.findPeopleHint}
          aria-label={strings.findPeople}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            // Within a form it would create the group.
            if (event.key === "Enter") event.preventDefault();
          }}
        />
      </label>
      <Problem text={problem === undefined ? "" : problemText(strings, problem)} />
      <ul className={styles.people} aria-label={strings.findPeople}>
        {(shown ?? []).map((user) => (
          <li key={user.userId}>
            <button type="button" disabled={isBusy} onClick={() => onPick(user)}>
              <Avatar id={user.userId} name={user.name} size="small" />
              <span className={styles.name}>{user.name}</span>
              <span className={styles.id}>{user.userId}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className={styles.hint} role="status">
        {users === undefined && problem === undefined ? strings.loading : null}
        {users?.length === 0 ? strings.noPeople : null}
        {users?.length === SHOWN_MAX ? strings.moreUsers : null}
      </p>
    </div>
  );
}

interface Found {
  readonly users?: readonly User[];
  readonly problem?: unknown;
}

/** The people whose ids begin with `prefix`; the older ones until the answer is there. */
function usePeople(prefix: string): Found {
  const { client, names } = useChat();
  const [found, setFound] = useState<Found>({});
  useEffect(() => {
    let isNewest = true;
    const show = (next: Found): void => {
      if (isNewest) setFound(next);
    };
    const timer = setTimeout(
      () => {
        client.users(prefix, SHOWN_MAX).then(
          (users) => {
            names.learn(users);
            show({ users });
          },
          (problem: unknown) => show({ problem }),
        );
      },
      prefix === "" ? 0 : TYPING_MS,
    );
    return () => {
      isNewest = false;
      clearTimeout(timer);
    };
  }, [client, names, prefix]);
  return found;
}
