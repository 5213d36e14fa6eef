/** What modules published, and what devices were told of it: whatever became of them. */
import type { ModuleTold } from "@parley/client";
import {
  type ConversationId,
  decode,
  Event,
  isModuleEvent,
  type ModuleEvent,
  type UserId,
} from "@parley/protocol";

/** A publication, told to the server once or several times. */
export interface Published {
  readonly id: string;
  readonly to: { readonly userIds: readonly UserId[] } | { readonly conversationId: ConversationId };
  /** It was answered that it is done. */
  isDone: boolean;
}

/** An event of a conversation, in its place in the log. */
export interface Placed {
  readonly conversationId: ConversationId;
  readonly event: ModuleEvent;
  readonly isShared: boolean;
  readonly members: ReadonlySet<UserId>;
}

interface Told {
  readonly device: string;
  readonly boot: number;
  readonly told: ModuleTold;
}

/** Events that a device may not have been told of: it was told so, or it ended between storing and telling. */
interface Gap {
  readonly device: string;
  readonly kind: "reset" | "restart";
  /** Of a reset: of one conversation alone. */
  readonly conversationId: ConversationId | undefined;
  /** Places of the queue up to here; of topics what was placed before. */
  readonly pts: number;
  readonly placedCount: number;
  readonly toldCount: number;
}

export class ModuleNotes {
  readonly published: Published[] = [];
  readonly placed: Placed[] = [];
  readonly told: Told[] = [];
  readonly gaps: Gap[] = [];
  /** Who left a conversation, and how much was placed by then. */
  readonly left: {
    readonly conversationId: ConversationId;
    readonly userId: UserId;
    readonly placedCount: number;
  }[] = [];
  /** How far a user's queue is. */
  ptsOf: (userId: UserId) => number = () => 0;

  reset(device: string, userId: UserId, conversationId: ConversationId | undefined): void {
    this.#gap({ device, kind: "reset", conversationId, pts: this.ptsOf(userId) });
  }

  restarted(device: string, pts: number): void {
    this.#gap({ device, kind: "restart", conversationId: undefined, pts });
  }

  hasLeft(conversationId: ConversationId, userId: UserId): void {
    this.left.push({ conversationId, userId, placedCount: this.placed.length });
  }

  #gap(gap: Omit<Gap, "placedCount" | "toldCount">): void {
    this.gaps.push({ ...gap, placedCount: this.placed.length, toldCount: this.told.length });
  }
}

/** The event of a module that encoded bytes are, if they are one. */
export function moduleEventOf(bytes: Uint8Array): ModuleEvent | undefined {
  return isModuleEvent(bytes) ? decode(Event, bytes).module : undefined;
}
