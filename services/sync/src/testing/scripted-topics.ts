import type { Session, TopicCalls } from "@parley/contracts";
import type { ConversationKey, TopicRow } from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  decode,
  Event,
  type ModuleEvent,
  type TenantId,
  type UserId,
} from "@parley/protocol";

interface ScriptedTopic {
  readonly rows: TopicRow[];
  /** From which message on each member sees. */
  readonly members: Map<UserId, number>;
  /** Rows up to here are no longer kept. */
  expiredPts: number;
  lastTimeMs: number;
}

/** Large groups as a message service would have them, without one. */
export class ScriptedTopics implements TopicCalls {
  readonly #topics = new Map<ConversationId, ScriptedTopic>();
  /** While set, the membership is told only after it. */
  finding: Promise<void> = Promise.resolve();

  topic(conversationId: ConversationId): ScriptedTopic {
    let topic = this.#topics.get(conversationId);
    if (topic === undefined) {
      topic = { rows: [], members: new Map(), expiredPts: 0, lastTimeMs: 0 };
      this.#topics.set(conversationId, topic);
    }
    return topic;
  }

  complete(_: Session, entry: ConversationEntry): Promise<ConversationEntry> {
    const topic = this.#topics.get(entry.conversationId);
    return Promise.resolve(topic === undefined ? entry : { ...entry, topicPts: topic.rows.length });
  }

  lastTimes(_: TenantId, conversationIds: readonly ConversationId[]): Promise<readonly number[]> {
    return Promise.resolve(conversationIds.map((id) => this.#topics.get(id)?.lastTimeMs ?? 0));
  }

  async findTopic(
    session: Session,
    conversationId: ConversationId,
  ): Promise<{ readonly pts: number; readonly firstVisible: number } | undefined> {
    const topic = this.#topics.get(conversationId);
    const firstVisible = topic?.members.get(session.userId);
    await this.finding;
    return firstVisible === undefined ? undefined : { pts: topic!.rows.length, firstVisible };
  }

  readTopic({ conversationId }: ConversationKey, pts: number, limit: number): Promise<readonly TopicRow[]> {
    const { rows, expiredPts } = this.topic(conversationId);
    return Promise.resolve(pts < expiredPts ? [] : rows.slice(pts, pts + limit));
  }

  newestInTopic(
    { conversationId }: ConversationKey,
    modules: readonly ModuleEvent[],
  ): Promise<readonly number[]> {
    const events = this.topic(conversationId).rows.map(({ event }) => decode(Event, event).module);
    const newest = modules.map(
      (of) =>
        events.findLastIndex((each) => each?.module === of.module && each.collapseKey === of.collapseKey) + 1,
    );
    return Promise.resolve(newest);
  }
}
