import type { User, UserId } from "@parley/protocol";
import { type JSX, type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { usePeople } from "../people/use-people.js";
import { useStrings } from "../preferences/preferences-context.js";
import row from "./choice-rows.module.css";
import styles from "./people-picker.module.css";

/** People that a search shows. */
const SHOWN_MAX = 30;

/** A field that finds people by any word of their name, or their id, and what it found. The arrow keys go through it. */
export function PeoplePicker(props: {
  /** People that are not offered. */
  readonly except: ReadonlySet<UserId>;
  readonly isBusy: boolean;
  readonly onPick: (user: User) => void;
  /** Stands there while nothing is typed, instead of everybody. */
  readonly children?: ReactNode;
}): JSX.Element {
  const { children, ...rest } = props;
  const strings = useStrings();
  const [query, setQuery] = useState("");
  const picker = useRef<HTMLDivElement>(null);
  const text = query.trim();
  return (
    <div ref={picker} className={styles.picker}>
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
            if (event.key === "ArrowDown") moveTo(event, picker.current?.querySelector("ul button"));
          }}
        />
      </label>
      {text === "" && children !== undefined ? children : <FoundPeople text={text} {...rest} />}
    </div>
  );
}

function FoundPeople(props: {
  readonly text: string;
  readonly except: ReadonlySet<UserId>;
  readonly isBusy: boolean;
  readonly onPick: (user: User) => void;
}): JSX.Element {
  const { text, except, isBusy, onPick } = props;
  const strings = useStrings();
  const { users, isWhole, problem } = usePeople(text, SHOWN_MAX);
  const shown = users?.filter(({ userId }) => !except.has(userId));
  return (
    <>
      <Problem text={problem === undefined ? "" : problemText(strings, problem)} />
      <PeopleList label={strings.findPeople} users={shown ?? []} isBusy={isBusy} onPick={onPick} />
      <p className={row.hint} role="status">
        {users === undefined && !isWhole ? strings.loading : null}
        {isWhole && problem === undefined && (users ?? []).length === 0 ? strings.noPeople : null}
        {users?.length === SHOWN_MAX ? strings.moreUsers : null}
      </p>
    </>
  );
}

/** People to choose from. */
export function PeopleList(props: {
  readonly label: string;
  readonly users: readonly User[];
  readonly isBusy?: boolean;
  /** It is as long as it is, and something around it scrolls. */
  readonly isWhole?: boolean;
  readonly onPick: (user: User) => void;
}): JSX.Element {
  const { label, users, isBusy = false, isWhole = false, onPick } = props;
  return (
    <ul
      className={`${row.list} ${styles.people}`}
      data-whole={isWhole}
      aria-label={label}
      onKeyDown={moveInList}
    >
      {users.map((user) => (
        <li key={user.userId}>
          <button type="button" disabled={isBusy} onClick={() => onPick(user)}>
            <Avatar id={user.userId} name={user.name} size="small" />
            <span className={row.name}>
              <span dir="auto">{user.name}</span>
              {user.title === "" ? null : <span className={styles.title}>{user.title}</span>}
            </span>
            <span className={styles.id}>{user.userId}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Up and down go from one person to the next. */
export function moveInList(event: KeyboardEvent<HTMLUListElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button === document.activeElement);
  moveTo(event, buttons[at + step]);
}

function moveTo(event: KeyboardEvent, button: HTMLButtonElement | null | undefined): void {
  event.preventDefault();
  button?.focus();
}
