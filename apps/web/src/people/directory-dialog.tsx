import type { DepartmentPage } from "@parley/client";
import type { User, UserId } from "@parley/protocol";
import { type JSX, useEffect, useRef, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Icon } from "../controls/icons.js";
import { Problem } from "../controls/problem.js";
import row from "../dialogs/choice-rows.module.css";
import { moveInList, PeopleList, PeoplePicker } from "../dialogs/people-picker.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { useLoadingText } from "../session/use-loading-text.js";
import styles from "./directory-dialog.module.css";
import { useShowPerson } from "./person-context.js";

const NOBODY: ReadonlySet<UserId> = new Set();

/** The departments of the organisation and their people; somebody who is chosen is shown with the way to talk to them. */
export function DirectoryDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const strings = useStrings();
  const showPerson = useShowPerson();
  const [path, setPath] = useState("");
  const onPick = ({ userId }: User): void => showPerson(userId, onClose);
  return (
    <Dialog title={strings.people.directory} onClose={onClose}>
      <PeoplePicker except={NOBODY} isBusy={false} onPick={onPick}>
        <Crumbs path={path} onGo={setPath} />
        <Level key={path} path={path} onGo={setPath} onPick={onPick} />
      </PeoplePicker>
    </Dialog>
  );
}

/** The way to where one is, each step of it a way back. */
function Crumbs({
  path,
  onGo,
}: {
  readonly path: string;
  readonly onGo: (path: string) => void;
}): JSX.Element {
  const words = useStrings().people;
  const parts = path === "" ? [] : path.split("/");
  const here = useRef<HTMLButtonElement>(null);
  const before = useRef(path);
  // What was clicked is gone: the focus goes to where one is now, which is read out then.
  useEffect(() => {
    if (before.current !== path) here.current?.focus();
    before.current = path;
  }, [path]);
  const step = (name: string, count: number): JSX.Element => {
    const isHere = count === parts.length;
    return (
      <li key={count}>
        <button
          ref={isHere ? here : null}
          type="button"
          dir="auto"
          aria-current={isHere ? "page" : undefined}
          onClick={() => onGo(parts.slice(0, count).join("/"))}
        >
          {name}
        </button>
        {isHere ? null : <Icon name="next" size={14} />}
      </li>
    );
  };
  return (
    <nav aria-label={words.department}>
      <ol className={styles.crumbs}>
        {step(words.wholeDirectory, 0)}
        {parts.map((part, index) => step(part, index + 1))}
      </ol>
    </nav>
  );
}

/** The departments and the people of one department. */
function Level(props: {
  readonly path: string;
  readonly onGo: (path: string) => void;
  readonly onPick: (user: User) => void;
}): JSX.Element {
  const { path, onGo, onPick } = props;
  const strings = useStrings();
  const words = strings.people;
  const loadingText = useLoadingText();
  const { page, isLoading, problem, load } = useDepartment(path);
  const isEmpty = page !== undefined && page.departments.length + page.users.length === 0;
  return (
    <>
      <Problem text={problem === undefined ? "" : problemText(strings, problem)} />
      <p className={row.hint} role="status">
        {page === undefined && isLoading ? loadingText : null}
        {isEmpty ? words.nobodyHere : null}
      </p>
      {page === undefined || page.departments.length === 0 ? null : (
        <ul
          className={`${row.list} ${styles.departments}`}
          aria-label={words.departments}
          onKeyDown={moveInList}
        >
          {page.departments.map(({ name, memberCount }) => (
            <li key={name}>
              <button type="button" onClick={() => onGo(path === "" ? name : `${path}/${name}`)}>
                <Icon name="people" />
                <span className={row.name}>
                  <span dir="auto">{name}</span>
                </span>
                <span className={row.hint}>{words.peopleIn(memberCount)}</span>
                <Icon name="next" size={16} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {page === undefined || page.users.length === 0 ? null : (
        <PeopleList label={words.colleagues} users={page.users} isWhole onPick={onPick} />
      )}
      {page !== undefined && page.next !== "" ? (
        <Button disabled={isLoading} onClick={() => load(page.next)}>
          {strings.loadMore}
        </Button>
      ) : null}
      {page === undefined && problem !== undefined ? (
        <Button onClick={() => load("")}>{strings.retry}</Button>
      ) : null}
    </>
  );
}

/** What is known of a department so far; `load` asks for the people after somebody. */
function useDepartment(path: string): {
  readonly page: DepartmentPage | undefined;
  readonly isLoading: boolean;
  readonly problem: unknown;
  readonly load: (after: UserId | "") => void;
} {
  const { client, names } = useChat();
  const [page, setPage] = useState<DepartmentPage>();
  const [isLoading, setIsLoading] = useState(true);
  const [problem, setProblem] = useState<unknown>();
  const load = (after: UserId | ""): void => {
    setIsLoading(true);
    setProblem(undefined);
    client
      .department(path, { after })
      .then((next) => {
        names.learn(next.users);
        setPage((before) =>
          before === undefined || after === ""
            ? next
            : { ...next, departments: before.departments, users: [...before.users, ...next.users] },
        );
      })
      .catch(setProblem)
      .finally(() => setIsLoading(false));
  };
  useEffect(() => load(""), [client, path]);
  return { page, isLoading, problem, load };
}
