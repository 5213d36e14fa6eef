import type { MessageRequest } from "./message-calls.js";
import type { Session } from "./session.js";

/** What a page says about itself that a message links to. */
export interface LinkPreviewContent {
  /** The link as the message has it. */
  readonly url: string;
  readonly title: string;
  readonly description: string;
  readonly siteName: string;
  /** Empty: there is none. */
  readonly picture: Uint8Array;
  readonly pictureType: string;
}

/** Previews of links. */
export interface PreviewCalls {
  /**
   * The preview of the first link of a message that the user sees. Undefined: there is none, and nothing tells why. Cost: two reads,
   * unless the page has to be fetched; then some seconds at most. Errors: those of reading the message; "too-many-requests".
   */
  linkPreview(session: Session, request: MessageRequest): Promise<LinkPreviewContent | undefined>;
}
