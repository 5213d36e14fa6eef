import { type JSX, type SubmitEvent, useEffect, useState } from "react";
import { Button } from "../controls/button.js";
import { Problem } from "../controls/problem.js";
import type { Strings } from "../language/english.js";
import { problemText } from "../language/problem-text.js";
import { Avatar } from "../people/avatar.js";
import { PreferenceChoices } from "../preferences/preference-choices.js";
import { useStrings } from "../preferences/preferences-context.js";
import { type Demo, findDemo } from "../session/account-api.js";
import type { SessionController, SessionState, SignedOutReason } from "../session/session-controller.js";
import styles from "./sign-in.module.css";

interface SignInProps {
  readonly controller: SessionController;
  readonly state: Extract<SessionState, { kind: "signed-out" }>;
}

/** The page before the chat: a form, and in a demo installation its people to choose from. */
export function SignIn({ controller, state }: SignInProps): JSX.Element {
  const strings = useStrings();
  const demo = useDemo();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const signIn = async (user: string, password: string): Promise<void> => {
    setIsBusy(true);
    setProblem("");
    try {
      await controller.signIn(user, password);
    } catch (error) {
      setProblem(problemText(strings, error));
      setIsBusy(false);
    }
  };
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <header className={styles.head}>
          <img src="/icon.svg" width="44" height="44" alt="" />
          <h1>{strings.appName}</h1>
          <p className={styles.lead}>{strings.signInLead}</p>
        </header>
        {state.reason === undefined ? null : (
          <p className={styles.reason} role="status">
            {reasonText(strings, state.reason)}
          </p>
        )}
        <SignInForm user={state.user ?? ""} isBusy={isBusy} onSignIn={signIn} />
        <Problem text={problem} />
        {demo === undefined ? null : <DemoPeople demo={demo} isBusy={isBusy} onSignIn={signIn} />}
      </div>
      <footer className={styles.foot}>
        <PreferenceChoices />
      </footer>
    </main>
  );
}

type OnSignIn = (user: string, password: string) => Promise<void>;

function SignInForm(props: {
  readonly user: string;
  readonly isBusy: boolean;
  readonly onSignIn: OnSignIn;
}): JSX.Element {
  const { isBusy, onSignIn } = props;
  const strings = useStrings();
  const [user, setUser] = useState(props.user);
  const [password, setPassword] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void onSignIn(user.trim(), password);
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <label className={styles.field}>
        <span>{strings.user}</span>
        <input
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          required
          value={user}
          onChange={(event) => setUser(event.target.value)}
        />
      </label>
      <label className={styles.field}>
        <span>{strings.password}</span>
        <input
          name="password"
          type="password"
          autoComplete="current-password"
          maxLength={256}
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </label>
      <Button kind="primary" type="submit" disabled={isBusy}>
        {isBusy ? strings.signingIn : strings.signIn}
      </Button>
    </form>
  );
}

function DemoPeople(props: {
  readonly demo: Demo;
  readonly isBusy: boolean;
  readonly onSignIn: OnSignIn;
}): JSX.Element {
  const { demo, isBusy, onSignIn } = props;
  const strings = useStrings();
  return (
    <section className={styles.demo} aria-label={strings.demoTitle}>
      <h2>{strings.demoTitle}</h2>
      <ul className={styles.people}>
        {demo.users.map(({ userId, name }) => (
          <li key={userId}>
            <button
              type="button"
              className={styles.person}
              disabled={isBusy}
              onClick={() => void onSignIn(userId, demo.password)}
            >
              <Avatar id={userId} name={name} size="small" />
              <span>{name}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className={styles.note}>{strings.demoNote(demo.password)}</p>
    </section>
  );
}

function useDemo(): Demo | undefined {
  const [demo, setDemo] = useState<Demo>();
  useEffect(() => {
    let isShown = true;
    void findDemo().then((found) => {
      if (isShown) setDemo(found);
    });
    return () => {
      isShown = false;
    };
  }, []);
  return demo;
}

function reasonText(strings: Strings, reason: SignedOutReason): string {
  const texts: Readonly<Record<SignedOutReason, string>> = {
    revoked: strings.reasonRevoked,
    expired: strings.reasonExpired,
    store: strings.reasonStore,
  };
  return texts[reason];
}
