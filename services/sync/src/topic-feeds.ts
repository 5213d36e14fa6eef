import type { Session, TopicCalls, TopicConfirmations, TopicListener } from "@parley/contracts";
import { type ConversationKey, seesMessage, type TopicRow } from "@parley/domain";
import type { ConversationId, TenantId, UserId } from "@parley/protocol";
import type { DeviceFeed, FeedSource } from "./device-feed.js";
import { UNSEEN } from "./module-filter.js";

/** A connected device of a member of a large group. */
interface Follower {
  readonly userId: UserId;
  readonly feed: DeviceFeed;
  /** What is told about messages below is not for this member. Known once the feed has begun. */
  firstVisible: number;
}

/**
 * Who follows the topics of large groups. A topic is kept once, in the order of its conversation; each follower gets the
 * same bytes, but for events about messages that it may not see.
 */
export class TopicFeeds implements TopicListener {
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #epochOf: (tenantId: TenantId) => number;
  readonly #listener: TopicConfirmations | undefined;

  constructor(epochOf: (tenantId: TenantId) => number, listener?: TopicConfirmations) {
    this.#epochOf = epochOf;
    this.#listener = listener;
  }

  /** Cost: one call for each connected device of a member; the events are shared. */
  onTold(key: ConversationKey, firstPts: number, rows: readonly TopicRow[]): void {
    const followers = this.#followers.get(nameOf(key));
    if (followers === undefined) return;
    const epoch = this.#epochOf(key.tenantId);
    const events = rows.map((row) => row.event);
    for (const follower of followers) {
      const hasOther = rows.some((row) => row.sequence < follower.firstVisible || row.audience.length > 0);
      follower.feed.offer(epoch, firstPts, hasOther ? eventsFor(rows, follower) : events);
    }
  }

  onLeft(key: ConversationKey, userIds: readonly UserId[]): void {
    const followers = this.#followers.get(nameOf(key));
    if (followers === undefined) return;
    const left = new Set(userIds);
    for (const follower of followers) if (left.has(follower.userId)) follower.feed.close();
  }

  /**
   * Begins to feed a device; `open` makes its feed over the source that it is given. Returns undefined, and feeds nothing,
   * when the user is no member of such a group.
   */
  async follow(
    topics: TopicCalls,
    session: Session,
    topic: { readonly conversationId: ConversationId; readonly pts: number; readonly epoch: number },
    open: (source: FeedSource) => DeviceFeed,
  ): Promise<DeviceFeed | undefined> {
    const key = { tenantId: session.tenantId, conversationId: topic.conversationId };
    let isMember = true;
    let isClosed = false;
    const confirm = (pts: number): void =>
      this.#listener?.onTopicConfirmed(session, topic.conversationId, pts);
    const feed = open({
      readHead: async () => {
        const head = await topics.findTopic(session, topic.conversationId);
        isMember = head !== undefined;
        follower.firstVisible = head?.firstVisible ?? Number.POSITIVE_INFINITY;
        if (!isMember) feed.close();
        const at = { epoch: this.#epochOf(session.tenantId), pts: head?.pts ?? 0 };
        // What it follows from it has already: of the entry of its list.
        if (isMember && topic.epoch === at.epoch && topic.pts <= at.pts) confirm(topic.pts);
        return at;
      },
      readAfter: async (pts, limit) => eventsFor(await topics.readTopic(key, pts, limit), follower),
      onConfirm: ({ pts }) => confirm(pts),
      onClose: () => {
        isClosed = true;
        this.#remove(key, follower);
      },
    });
    const follower: Follower = { userId: session.userId, feed, firstVisible: Number.POSITIVE_INFINITY };
    // Registered before the membership is looked at: who is removed in between is found here, and closed.
    this.#add(key, follower);
    try {
      await feed.start({ epoch: topic.epoch, pts: topic.pts });
    } catch (error) {
      feed.close();
      throw error;
    }
    return isMember && !isClosed ? feed : undefined;
  }

  #add(key: ConversationKey, follower: Follower): void {
    const name = nameOf(key);
    const followers = this.#followers.get(name);
    if (followers === undefined) this.#followers.set(name, new Set([follower]));
    else followers.add(follower);
  }

  #remove(key: ConversationKey, follower: Follower): void {
    const name = nameOf(key);
    const followers = this.#followers.get(name);
    if (followers?.delete(follower) === true && followers.size === 0) this.#followers.delete(name);
  }
}

function eventsFor(
  rows: readonly TopicRow[],
  { userId, firstVisible }: Pick<Follower, "userId" | "firstVisible">,
): readonly Uint8Array[] {
  return rows.map((row) => {
    if (row.sequence > 0 && row.sequence < firstVisible) return UNSEEN;
    return seesMessage(row, userId) ? row.event : row.instead;
  });
}

function nameOf({ tenantId, conversationId }: ConversationKey): string {
  return `${tenantId}/${conversationId}`;
}
