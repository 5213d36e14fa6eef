/** Sends with files: these are claimed before the message goes into the log, and told afterwards what became of it. */
import type { MediaClaim, MediaClaims, MediaInfo, SendRequest, Session } from "@parley/contracts";
import { type ConversationKey, HeadRow, type Verdict } from "@parley/domain";
import { Failure, failureCode } from "@parley/base";
import { type Body, type MessageId, decode, mediaOf } from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import type { ConversationStore } from "./conversation-store.js";
import { CONVERSATION_HEAD, conversationPartition } from "./conversation-tables.js";
import type { ForwardedBody } from "./forwarding.js";
import { badRequest } from "./refusal.js";

/** What appending says when it is sure that there is no record. */
const NOT_APPENDED: ReadonlySet<string> = new Set([
  "storage-full",
  "unavailable",
  "message-too-large",
  "not-a-member",
]);

/** A send whose files are claimed. Without a body only a repeat is answered, as with a forward of what is gone. */
export type ClaimedSend = ForwardedBody & {
  readonly messageId: MessageId;
  readonly claims: readonly MediaClaim[];
};

export interface MediaSendsOptions {
  readonly tables: WriteBackTables;
  readonly store: ConversationStore;
  /** Without it files are refused. */
  readonly media?: MediaClaims | undefined;
}

export class MediaSends {
  readonly #options: MediaSendsOptions;

  constructor(options: MediaSendsOptions) {
    this.#options = options;
  }

  /**
   * Claims the files of what is to be sent, and puts the server's own values in place of what a sender says of its file. Of a forward
   * the server has made the body itself, of what the sender sees.
   * Errors: those that pass, such as "storage-full"; whatever else is wrong is the failure of what is returned.
   */
  async claim(
    session: Session,
    { conversationId, forward }: SendRequest,
    { made, messageId }: { readonly made: ForwardedBody; readonly messageId: MessageId },
  ): Promise<ClaimedSend> {
    const mediaIds = new Set(mediaOf(made.body).map(({ mediaId }) => mediaId));
    if (made.body === undefined || mediaIds.size === 0) return { ...made, messageId, claims: [] };
    const { media } = this.#options;
    if (media === undefined) throw badRequest("This server takes no files.");
    const after = await this.#lastSequence({ tenantId: session.tenantId, conversationId });
    const place = { conversationId, messageId, after, isForward: forward !== undefined };
    const claims = Array.from(mediaIds, (mediaId): MediaClaim => ({ ...place, mediaId }));
    const outcomes = await Promise.allSettled(claims.map((claim) => media.claim(session, claim)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) {
      const infos = outcomes.map((outcome) => (outcome as PromiseFulfilledResult<MediaInfo>).value);
      return { body: withFound(made.body, infos), failure: undefined, messageId, claims };
    }
    outcomes.forEach(({ status }, index) => {
      if (status === "fulfilled") media.settle(session, claims[index]!, undefined);
    });
    const error: unknown = failed.reason;
    if (!(error instanceof Failure) || error.retry === "same") throw error;
    // The machine answers a repeat with what was sent, also when the file of that is gone since.
    return { body: undefined, failure: error, messageId, claims: [] };
  }

  /** Submits what was claimed, and tells what became of it. */
  async submit(
    session: Session,
    { claims, messageId }: Pick<ClaimedSend, "claims" | "messageId">,
    submit: () => Promise<Verdict>,
  ): Promise<Verdict> {
    const { media } = this.#options;
    const settle = (sequence: number | undefined): void => {
      for (const claim of claims) media?.settle(session, claim, sequence);
    };
    let verdict: Verdict;
    try {
      verdict = await submit();
    } catch (error) {
      // Of an outcome that is not known nothing is said: the files stay until somebody has looked.
      if (NOT_APPENDED.has(failureCode(error) ?? "")) settle(undefined);
      throw error;
    }
    // A repeat has the id of the message that was there before, which has claims of its own.
    settle(verdict.kind === "sent" && verdict.messageId === messageId ? verdict.sequence : undefined);
    return verdict;
  }

  /** The message will stand behind it. */
  async #lastSequence(key: ConversationKey): Promise<number> {
    const { tables, store } = this.#options;
    const known = store.find(key)?.head;
    if (known !== undefined) return known.lastSequence;
    const row = await tables.find(CONVERSATION_HEAD, conversationPartition(key), []);
    return row === undefined ? 0 : decode(HeadRow, row).lastSequence;
  }
}

/** Of a file that is merged in another message the server has put in its values before. */
function withFound(body: Body, infos: readonly MediaInfo[]): Body {
  const { media } = body;
  const found = infos.find(({ mediaId }) => mediaId === media?.mediaId);
  if (media === undefined || found === undefined) return body;
  const { durationMs, caption } = media;
  return { ...body, media: { ...found, durationMs, caption } };
}
