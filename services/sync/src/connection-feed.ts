import type { Feed, Position, TopicPosition } from "@parley/contracts";
import { Failure } from "@parley/base";
import { type ConversationId, TOPICS_PER_CONNECTION_MAX } from "@parley/protocol";
import type { DeviceFeed } from "./device-feed.js";
import type { PushPacer } from "./push-pacer.js";

/** Begins to feed a topic; undefined when the user has no part in it. */
export type OpenTopic = (epoch: number, topic: TopicPosition) => Promise<DeviceFeed | undefined>;

export interface ConnectionFeedOptions {
  readonly queue: DeviceFeed;
  /** That of all its feeds. */
  readonly pacer: PushPacer;
  readonly openTopic: OpenTopic;
}

/** All that one connection is fed with: its user's queue, and the topics that it follows. */
export class ConnectionFeed implements Feed {
  readonly #queue: DeviceFeed;
  readonly #pacer: PushPacer;
  readonly #openTopic: OpenTopic;
  readonly #topics = new Map<ConversationId, DeviceFeed>();
  #isClosed = false;

  constructor({ queue, pacer, openTopic }: ConnectionFeedOptions) {
    this.#queue = queue;
    this.#pacer = pacer;
    this.#openTopic = openTopic;
  }

  confirm(position: Position, conversationId?: ConversationId, heldMs?: number): void {
    const feed = conversationId === undefined ? this.#queue : this.#topics.get(conversationId);
    feed?.confirm(position, heldMs);
  }

  async follow(epoch: number, topics: readonly TopicPosition[]): Promise<void> {
    if (this.#topics.size + topics.length > TOPICS_PER_CONNECTION_MAX) {
      throw new Failure("bad-request", `A connection follows at most ${TOPICS_PER_CONNECTION_MAX} topics.`, {
        retry: "never",
      });
    }
    await Promise.all(topics.map((topic) => this.#follow(epoch, topic)));
  }

  get isSlow(): boolean | undefined {
    return this.#pacer.isSlow;
  }

  resume(): void {
    this.#pacer.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.close();
    for (const feed of this.#topics.values()) feed.close();
    this.#topics.clear();
    this.#pacer.close();
  }

  async #follow(epoch: number, topic: TopicPosition): Promise<void> {
    const { conversationId } = topic;
    this.#topics.get(conversationId)?.close();
    this.#topics.delete(conversationId);
    const feed = await this.#openTopic(epoch, topic);
    if (feed === undefined) return;
    // The connection may have ended, or have asked again, meanwhile.
    if (this.#isClosed || this.#topics.has(conversationId)) feed.close();
    else {
      this.#topics.set(conversationId, feed);
      // There may be room since.
      feed.resume();
    }
  }
}
