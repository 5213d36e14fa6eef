/** What the page says about itself that a message links to. It is part of no log: a web page says what it likes, when it likes. */
import { type Infer, bytes, schema, string, uint } from "./codec/schema.js";
import type { ConversationId } from "./ids.js";

/** Asks for the preview of the first link of a message that I see. */
export const GetLinkPreview = schema("GetLinkPreview", {
  requestId: uint(1),
  conversationId: string<ConversationId>(2),
  sequence: uint(3),
});

/** What strangers write: never markup, and never to be believed. */
export const LinkPreview = schema("LinkPreview", {
  requestId: uint(1),
  /** The link as the message has it. Empty: there is no preview, for whatever reason. */
  url: string(2),
  /** May be empty where there is a picture. */
  title: string(3),
  description: string(4),
  /** How the site calls itself. */
  siteName: string(5),
  /** A small one, made by the server; may be empty. */
  picture: bytes(6),
  /** A media type, such as "image/webp". */
  pictureType: string(7),
});
export type LinkPreview = Infer<typeof LinkPreview>;
