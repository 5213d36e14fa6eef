import { STATUS_CHARACTERS_MAX } from "@parley/protocol";
import { type JSX, type SubmitEvent, useCallback, useId, useState } from "react";
import { Button } from "../controls/button.js";
import { Dialog } from "../controls/dialog.js";
import { Problem } from "../controls/problem.js";
import { useLoaded } from "../dialogs/use-loaded.js";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import { Avatar } from "./avatar.js";
import { loadProfile } from "./load-profile.js";
import styles from "./profile-dialog.module.css";
import { squarePicture } from "./square-picture.js";

/** What one shows of oneself: the picture, and what one says of now. */
export function MyProfileDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const strings = useStrings();
  const words = strings.people;
  const chat = useChat();
  const { client } = chat;
  const name = useNames()(client.self);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const load = useCallback(() => loadProfile(chat, chat.client.self), [chat]);
  const { value: profile, problem: unloaded, reload } = useLoaded(load);
  const [written, setWritten] = useState<string>();
  const statusText = written ?? profile?.statusText ?? "";
  const act = async (task: () => Promise<unknown>): Promise<void> => {
    setIsBusy(true);
    setProblem("");
    try {
      await task();
    } catch (error) {
      setProblem(problemText(strings, error));
    }
    setIsBusy(false);
  };
  const setPicture = (file: File | undefined): Promise<void> =>
    act(async () => {
      await client.setPicture(file === undefined ? undefined : await squarePicture(file));
      reload();
    });
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    void act(async () => {
      await client.setStatusText(statusText);
      onClose();
    });
  };
  return (
    <Dialog title={words.myProfile} onClose={onClose}>
      <div className={styles.picture}>
        <Avatar id={client.self} name={name} size="huge" />
        <PictureChoice
          isBusy={isBusy}
          hasPicture={(profile?.pictureVersion ?? 0) > 0}
          onChoose={(file) => void setPicture(file)}
        />
      </div>
      <Problem text={problem === "" && unloaded !== undefined ? problemText(strings, unloaded) : problem} />
      <form className={styles.facts} onSubmit={save}>
        <label className={styles.field}>
          <span>{words.statusText}</span>
          <input
            value={statusText}
            maxLength={STATUS_CHARACTERS_MAX}
            placeholder={words.statusHint}
            onChange={(event) => setWritten(event.target.value)}
          />
        </label>
        <Button kind="primary" type="submit" disabled={isBusy || profile === undefined}>
          {strings.save}
        </Button>
      </form>
    </Dialog>
  );
}

function PictureChoice(props: {
  readonly isBusy: boolean;
  readonly hasPicture: boolean;
  readonly onChoose: (file: File | undefined) => void;
}): JSX.Element {
  const { isBusy, hasPicture, onChoose } = props;
  const words = useStrings().people;
  const inputId = useId();
  return (
    <div className={styles.choices}>
      <input
        id={inputId}
        className={styles.file}
        type="file"
        accept="image/*"
        tabIndex={-1}
        aria-label={words.choosePicture}
        onChange={({ target }) => {
          const [file] = target.files ?? [];
          // The same file can be chosen again.
          target.value = "";
          if (file !== undefined) onChoose(file);
        }}
      />
      <Button disabled={isBusy} onClick={() => document.getElementById(inputId)?.click()}>
        {words.choosePicture}
      </Button>
      {hasPicture ? (
        <Button disabled={isBusy} onClick={() => onChoose(undefined)}>
          {words.removePicture}
        </Button>
      ) : null}
    </div>
  );
}
