/** Saving files of messages to where the browser saves. */
import type { ParleyClient } from "@parley/client";
import { Body, filled, type MediaBody } from "@parley/protocol";
import { useState } from "react";
import { problemText } from "../language/problem-text.js";
import { useStrings } from "../preferences/preferences-context.js";
import { useChat } from "../session/chat-context.js";
import type { MediaPlace } from "./media-cache.js";
import { OPAQUE_TYPE } from "./media-kind.js";

/** The browser has begun to save long before. */
const REVOKE_AFTER_MS = 60_000;

/** Fetches a file and hands it to the browser, as bytes: nothing in it runs here. Errors: those of `fetchMedia`. */
export async function saveFile(
  client: Pick<ParleyClient, "fetchMedia">,
  place: MediaPlace,
  { media, onPercent }: { readonly media: MediaBody; readonly onPercent?: (percent: number) => void },
): Promise<void> {
  const { bytes } = await client.fetchMedia(
    { ...place, body: filled(Body, { media }) },
    { onProgress: ({ receivedBytes, bytes: all }) => onPercent?.(Math.floor((receivedBytes / all) * 100)) },
  );
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: OPAQUE_TYPE }));
  const link = document.createElement("a");
  link.href = url;
  link.download = media.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
}

export interface Saving {
  /** Undefined while nothing is saved. */
  readonly percent: number | undefined;
  /** Empty, or why it failed. */
  readonly problem: string;
  readonly save: () => void;
}

/** Saves a file on demand, once at a time, and tells how far it is. */
export function useSaving(media: MediaBody, place: MediaPlace | undefined): Saving {
  const { client } = useChat();
  const strings = useStrings();
  const [percent, setPercent] = useState<number>();
  const [problem, setProblem] = useState("");
  const save = (): void => {
    if (place === undefined || percent !== undefined) return;
    setPercent(0);
    setProblem("");
    saveFile(client, place, { media, onPercent: setPercent })
      .catch((error: unknown) => setProblem(problemText(strings, error)))
      .finally(() => setPercent(undefined))
      .catch(() => undefined);
  };
  return { percent, problem, save };
}
