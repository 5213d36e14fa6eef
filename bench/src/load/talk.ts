/** Says things in an installation of this process, for people who have no connection of their own. */
import {
  type ConversationId,
  type DeviceId,
  MEMBERS_PER_REQUEST_MAX,
  parseClientMessageId,
  parseTenantId,
  type SessionId,
  textBody,
  type UserId,
} from "@parley/protocol";
import type { openParley } from "@parley/server";

type Parley = Awaited<ReturnType<typeof openParley>>;
type Session = Parameters<Parley["message"]["send"]>[0];

export class Talk {
  readonly parley: Parley;
  readonly tenantId = parseTenantId("main");
  readonly #numbers = new Map<string, number>();
  readonly #directs = new Map<string, ConversationId>();
  #groups = 0;

  constructor(parley: Parley) {
    this.parley = parley;
  }

  session(userId: UserId): Session {
    return {
      tenantId: this.tenantId,
      userId,
      deviceId: `d-${userId}` as DeviceId,
      sessionId: `s-${userId}` as SessionId,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    };
  }

  /** A group of all of them; the first is its owner. */
  async group([owner, ...others]: readonly UserId[]): Promise<ConversationId> {
    const session = this.session(owner!);
    const userIds = others.slice(0, MEMBERS_PER_REQUEST_MAX - 1);
    this.#groups += 1;
    const name = `group-${this.#groups}`;
    const group = { name, title: "Group", userIds, isHistoryOpen: true };
    const conversationId = await this.parley.message.createGroup(session, group);
    for (let start = userIds.length; start < others.length; start += MEMBERS_PER_REQUEST_MAX) {
      const added = others.slice(start, start + MEMBERS_PER_REQUEST_MAX);
      await this.parley.message.changeMembers(session, { conversationId, userIds: added, isRemoval: false });
    }
    return conversationId;
  }

  async direct(one: UserId, other: UserId): Promise<ConversationId> {
    const name = [one, other].toSorted().join(" ");
    const known = this.#directs.get(name);
    if (known !== undefined) return known;
    const made = await this.parley.message.createDirect(this.session(one), other);
    this.#directs.set(name, made);
    return made;
  }

  async send(userId: UserId, conversationId: ConversationId, text: string): Promise<void> {
    const lane = `${userId} ${conversationId}`;
    const number = (this.#numbers.get(lane) ?? 0) + 1;
    this.#numbers.set(lane, number);
    const clientMessageId = parseClientMessageId(`c${number}`);
    const body = textBody(text);
    await this.parley.message.send(this.session(userId), { conversationId, clientMessageId, number, body });
  }
}
