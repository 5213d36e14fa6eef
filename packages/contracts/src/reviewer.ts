import type { Body, ConversationId, MediaId, TenantId, UserId } from "@parley/protocol";
import type { MediaContent } from "./media-calls.js";

/** What somebody is about to say, or has said. */
export interface ReviewedContent {
  readonly tenantId: TenantId;
  readonly conversationId: ConversationId;
  readonly senderId: UserId;
  readonly body: Body;
}

/** A file that is reviewed: its type is what the server found it to be, whatever the content says of it. */
export type ReviewedFile = Pick<MediaContent, "type" | "name" | "bytes" | "read">;

/** The files of what is reviewed. */
export interface ReviewedFiles {
  /** One that the content names, also in what is merged; undefined when it is not there, or not any more. Errors: "unavailable". */
  find(mediaId: MediaId): Promise<ReviewedFile | undefined>;
}

/** `reason` is for the log and the metrics of the operator, in one word; the sender gets the code "content-refused". */
export type ReviewVerdict =
  | { readonly kind: "accept" }
  | { readonly kind: "refuse"; readonly reason: string }
  | { readonly kind: "replace"; readonly body: Body };

/**
 * Looks at contents before they are said. One that answers at once costs nobody any waiting; one that has to ask elsewhere is
 * waited for, up to a deadline. What it throws counts as no answer.
 */
export interface Reviewer {
  review(content: ReviewedContent, files: ReviewedFiles): ReviewVerdict | Promise<ReviewVerdict>;
}

/**
 * Looks at what was said, in its own time; what it refuses is taken back from everybody. What it throws is asked again later, so it
 * may be asked twice about one message.
 */
export interface LaterReviewer {
  review(
    content: ReviewedContent & { readonly sequence: number },
    files: ReviewedFiles,
  ): Promise<"accept" | "refuse">;
}
