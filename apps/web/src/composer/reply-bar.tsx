import type { Message } from "@parley/protocol";
import type { JSX } from "react";
import { Button } from "../controls/button.js";
import { Icon } from "../controls/icons.js";
import { Quote } from "../conversation/quote.js";
import { useStrings } from "../preferences/preferences-context.js";
import styles from "./reply-bar.module.css";

/** What is being answered, above the field, with a way not to. */
export function ReplyBar(props: { readonly message: Message; readonly onCancel: () => void }): JSX.Element {
  const { message, onCancel } = props;
  const strings = useStrings();
  return (
    <div className={styles.bar}>
      <Quote conversationId={message.conversationId} sequence={message.sequence} />
      <Button kind="icon" aria-label={strings.cancelReply} onClick={onCancel}>
        <Icon name="close" size={18} />
      </Button>
    </div>
  );
}
