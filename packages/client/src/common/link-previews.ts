/** What messages link to: asked of the server once for each state of a message, and held for as long as the client is there. */
import { LruMap, Slots } from "@parley/base";
import { type ConversationId, type Message, previewedLink } from "@parley/protocol";
import { PREVIEWS_ASKED_MAX, PREVIEWS_HELD_MAX, PREVIEWS_WAITING_MAX } from "./limits.js";
import { lookUp, type LookUpParts } from "./looking-up.js";

/** What a page says about itself, which anybody may have written: show it as text, and where the link leads beside it. */
export interface LinkPreview {
  /** The link, as the message has it. */
  readonly url: string;
  readonly title: string;
  /** May be empty, as may what follows. */
  readonly description: string;
  /** How the site calls itself. */
  readonly siteName: string;
  /** A small picture, made by the server. */
  readonly picture: Uint8Array;
  /** Its media type. */
  readonly pictureType: string;
}

interface Held {
  readonly messageId: string;
  readonly revision: number;
  readonly preview: Promise<LinkPreview | undefined>;
}

export class LinkPreviews {
  readonly #parts: LookUpParts;
  /** Pages are slow: they shall not take the room of what else is asked. */
  readonly #slots = new Slots({
    runningMax: PREVIEWS_ASKED_MAX,
    waitingMax: PREVIEWS_WAITING_MAX,
    refusal: "Too many previews are asked for.",
  });
  readonly #held = new LruMap<string, Held>();

  constructor(parts: LookUpParts) {
    this.#parts = parts;
  }

  async find(conversationId: ConversationId, sequence: number): Promise<LinkPreview | undefined> {
    const [message] = await lookUp(this.#parts, conversationId, [sequence]);
    if (previewedLink(message?.body) === undefined) return undefined;
    const name = `${conversationId} ${sequence}`;
    const held = this.#held.find(name);
    if (held !== undefined && isOf(held, message!)) return held.preview;
    const { messageId, revision } = message!;
    const preview = this.#slots.run(() => this.#ask(conversationId, sequence));
    const asked: Held = { messageId, revision, preview };
    this.#held.put(name, asked);
    this.#held.cutTo(PREVIEWS_HELD_MAX);
    preview.catch(() => {
      // Asked again by whoever wants to see it next.
      if (this.#held.peek(name) === asked) this.#held.delete(name);
    });
    return preview;
  }

  async #ask(conversationId: ConversationId, sequence: number): Promise<LinkPreview | undefined> {
    const answer = await this.#parts.requests.call("getLinkPreview", { conversationId, sequence });
    const { url, title, description, siteName, picture, pictureType } = answer;
    if (url === "") return undefined;
    // What came is a part of a packet.
    return { url, title, description, siteName, picture: new Uint8Array(picture), pictureType };
  }
}

function isOf(held: Held, { messageId, revision }: Message): boolean {
  return held.messageId === messageId && held.revision === revision;
}
