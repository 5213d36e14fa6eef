import type { DoNotDisturb } from "@parley/protocol";
import { type JSX, type SubmitEvent, useCallback, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useAction } from "../controls/use-action.js";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import { useLoadingText } from "../session/use-loading-text.js";
import styles from "./notify.module.css";
import { PushChoice } from "./push-choice.js";
import { formOf, type QuietForm, quietOf } from "./quiet-form.js";

/** Monday first. */
const DAYS = [
  ["mo", 1],
  ["tu", 2],
  ["we", 3],
  ["th", 4],
  ["fr", 5],
  ["sa", 6],
  ["su", 0],
] as const;

/** When one is not to be disturbed, and whether this browser notifies. */
export function QuietDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const strings = useStrings();
  const { client } = useChat();
  // Undefined stands for "not loaded yet".
  const load = useCallback(async () => [await client.notify.getDoNotDisturb()] as const, [client]);
  const loaded = useLoaded(load);
  const loadingText = useLoadingText();
  return (
    <Dialog title={strings.notify.title} onClose={onClose}>
      <Problem text={loaded.problem === undefined ? "" : problemText(strings, loaded.problem)} />
      <PushChoice />
      {loaded.value === undefined ? (
        <p role="status">{loaded.problem === undefined ? loadingText : ""}</p>
      ) : (
        <Form before={loaded.value[0]} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Form(props: {
  readonly before: DoNotDisturb | undefined;
  readonly onClose: () => void;
}): JSX.Element {
  const strings = useStrings();
  const words = strings.notify;
  const { client } = useChat();
  const [form, setForm] = useState(() => formOf(props.before));
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const { isBusy, problem, run } = useAction(
    () => client.notify.setDoNotDisturb(quietOf(form, timeZone)),
    props.onClose,
  );
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void run();
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Problem text={problem} />
      <label className={styles.row}>
        <input
          type="checkbox"
          checked={form.isOn}
          onChange={(event) => setForm({ ...form, isOn: event.target.checked })}
        />
        <span>{words.quiet}</span>
      </label>
      <p className={styles.hint}>{words.quietLead}</p>
      <SpanFields form={form} timeZone={timeZone} onChange={setForm} />
      <Button kind="primary" type="submit" disabled={isBusy}>
        {strings.save}
      </Button>
    </form>
  );
}

/** The hours and days, while it is on. */
function SpanFields(props: {
  readonly form: QuietForm;
  readonly timeZone: string;
  readonly onChange: (form: QuietForm) => void;
}): JSX.Element {
  const { form, timeZone, onChange } = props;
  const words = useStrings().notify;
  const withDay = (day: number, isIn: boolean): readonly number[] =>
    isIn ? [...form.days, day] : form.days.filter((each) => each !== day);
  return (
    <fieldset className={styles.span} disabled={!form.isOn}>
      <label>
        {words.from}{" "}
        <input
          type="time"
          required
          value={form.from}
          onChange={(event) => onChange({ ...form, from: event.target.value })}
        />
      </label>
      <label>
        {words.until}{" "}
        <input
          type="time"
          required
          value={form.until}
          onChange={(event) => onChange({ ...form, until: event.target.value })}
        />
      </label>
      <p className={styles.hint}>{words.timeZone(timeZone)}</p>
      <div className={styles.days} role="group" aria-label={words.days}>
        {DAYS.map(([name, day]) => (
          <label key={name} className={styles.row}>
            <input
              type="checkbox"
              checked={form.days.includes(day)}
              // Without any day it would be every day.
              disabled={form.days.length === 1 && form.days.includes(day)}
              onChange={(event) => onChange({ ...form, days: withDay(day, event.target.checked) })}
            />
            <span>{words.dayNames[name]}</span>
          </label>
        ))}
      </div>
      <label className={styles.row}>
        <input
          type="checkbox"
          checked={form.letsMentionsThrough}
          onChange={(event) => onChange({ ...form, letsMentionsThrough: event.target.checked })}
        />
        <span>{words.mentions}</span>
      </label>
    </fieldset>
  );
}
