import { type JSX, useId, useRef, useState } from "react";
import { Button } from "../controls/button.js";
import { ConfirmDialog } from "../controls/confirm-dialog.js";
import { DevicesDialog, DirectoryDialog, MyProfileDialog, QuietDialog } from "../dialogs/dialogs.js";
import { Avatar } from "../people/avatar.js";
import { LinkPreviewChoice, PreferenceChoices } from "../preferences/preference-choices.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat, useNames } from "../session/chat-context.js";
import styles from "./account-menu.module.css";

type Shown = "directory" | "profile" | "devices" | "notify" | "sign-out";

/** Who one is, and behind it the devices, the preferences and the way out. */
export function AccountMenu({ onSignOut }: { readonly onSignOut: () => Promise<void> }): JSX.Element {
  const strings = useStrings();
  const nameOf = useNames();
  const { self } = useChat().client;
  const panelId = useId();
  const panel = useRef<HTMLDivElement>(null);
  const [dialog, setDialog] = useState<Shown>();
  const name = nameOf(self);
  const show = (next: Shown): void => {
    panel.current?.hidePopover();
    setDialog(next);
  };
  const close = (): void => setDialog(undefined);
  return (
    <>
      <button
        type="button"
        className={styles.account}
        popoverTarget={panelId}
        aria-label={`${strings.menu}: ${name}`}
      >
        <Avatar id={self} name={name} size="small" />
        <span className={styles.name}>{name}</span>
      </button>
      <div
        ref={panel}
        id={panelId}
        popover="auto"
        className={styles.panel}
        role="dialog"
        aria-label={strings.menu}
      >
        <p className={styles.who}>
          <span className={styles.name}>{name}</span>
          <span className={styles.id}>{self}</span>
        </p>
        <PreferenceChoices />
        <LinkPreviewChoice />
        <div className={styles.actions}>
          <Button onClick={() => show("directory")}>{strings.people.directory}</Button>
          <Button onClick={() => show("profile")}>{strings.people.myProfile}</Button>
          <Button onClick={() => show("notify")}>{strings.notify.title}</Button>
          <Button onClick={() => show("devices")}>{strings.devices}</Button>
          <Button onClick={() => show("sign-out")}>{strings.signOut}</Button>
        </div>
      </div>
      {dialog === "directory" ? <DirectoryDialog onClose={close} /> : null}
      {dialog === "profile" ? <MyProfileDialog onClose={close} /> : null}
      {dialog === "notify" ? <QuietDialog onClose={close} /> : null}
      {dialog === "devices" ? <DevicesDialog onClose={close} /> : null}
      {dialog === "sign-out" ? (
        <ConfirmDialog
          title={strings.signOut}
          text={strings.signOutConfirm}
          action={strings.signOut}
          onConfirm={onSignOut}
          onClose={close}
        />
      ) : null}
    </>
  );
}
