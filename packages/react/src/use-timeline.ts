/** The messages of a conversation that a component shows. */
import type { Timeline } from "@parley/client";
import type { ConversationId } from "@parley/protocol";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useParleyContext } from "./parley-provider.js";

/** An open conversation, and what leads further. */
export interface OpenTimeline {
  /** The messages; undefined until the store has been read. The same object until it changes. */
  readonly timeline: Timeline | undefined;
  /** Something is being loaded. */
  readonly isLoading: boolean;
  /** Why the last loading failed. */
  readonly failure: unknown;
  /** Loads about `count` older messages. Never rejects: see `failure`. */
  readonly loadOlder: (count?: number) => Promise<void>;
  /** After `showAround`: loads about `count` newer ones. Never rejects. */
  readonly loadNewer: (count?: number) => Promise<void>;
  /** Shows the messages around one. Never rejects. */
  readonly showAround: (sequence: number) => Promise<void>;
  /** Goes back to the newest messages. Never rejects. */
  readonly showNewest: () => Promise<void>;
}

interface Loading {
  readonly conversationId: ConversationId;
  readonly count: number;
  readonly failure: unknown;
}

/** Opens a conversation while the component is there. Several components may show the same one. */
export function useTimeline(conversationId: ConversationId): OpenTimeline {
  const { client, open } = useParleyContext();
  const [loading, setLoading] = useState<Loading>({ conversationId, count: 1, failure: undefined });
  useEffect(() => {
    setLoading({ conversationId, count: 1, failure: undefined });
    return open.keep(conversationId, (failure) => setLoading(finished(conversationId, failure)));
  }, [open, conversationId]);
  const subscribe = useCallback(
    (listener: () => void) =>
      client.on("timeline", (event) => {
        if (event.conversationId === conversationId) listener();
      }),
    [client, conversationId],
  );
  const read = useCallback(() => client.timeline(conversationId), [client, conversationId]);
  const timeline = useSyncExternalStore(subscribe, read, read);
  const actions = useMemo(() => {
    const run = async (begin: () => Promise<Timeline>): Promise<void> => {
      setLoading((before) => ({
        conversationId,
        count: (before.conversationId === conversationId ? before.count : 0) + 1,
        failure: undefined,
      }));
      let failure: unknown;
      try {
        await begin();
      } catch (error) {
        failure = error;
      }
      setLoading(finished(conversationId, failure));
    };
    return {
      loadOlder: (count?: number) => run(() => client.loadOlder(conversationId, count)),
      loadNewer: (count?: number) => run(() => client.loadNewer(conversationId, count)),
      showAround: (sequence: number) => run(() => client.openAt(conversationId, sequence)),
      showNewest: () => run(() => client.open(conversationId)),
    };
  }, [client, conversationId]);
  const isOwn = loading.conversationId === conversationId;
  const isLoading = !isOwn || loading.count > 0;
  const failure = isOwn ? loading.failure : undefined;
  return useMemo(
    () => ({ timeline, isLoading, failure, ...actions }),
    [timeline, isLoading, failure, actions],
  );
}

/** One loading less; what ends for another conversation than the shown one counts for nothing. */
function finished(conversationId: ConversationId, failure: unknown): (before: Loading) => Loading {
  return (before) =>
    before.conversationId === conversationId
      ? { conversationId, count: Math.max(0, before.count - 1), failure: failure ?? before.failure }
      : before;
}
