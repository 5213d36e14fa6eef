/** Short ways to write records in tests. */
import type {
  ClientMessageId,
  ConversationId,
  DeviceId,
  MessageId,
  TenantId,
  UserId,
} from "@parley/protocol";
import type { ConversationRecord } from "../conversation-record.js";
import { type ConversationState, emptyConversation, senderKey } from "../conversation-state.js";
import { SENDS_IN_FLIGHT_MAX } from "@parley/protocol";

export const TENANT = "main" as TenantId;
export const GROUP = "g:test" as ConversationId;

export function user(name: string): UserId {
  return name as UserId;
}

const NOTHING = {
  create: undefined,
  send: undefined,
  read: undefined,
  members: undefined,
  history: undefined,
  trim: undefined,
  keeping: undefined,
  edit: undefined,
  recall: undefined,
};

export function record(change: Partial<ConversationRecord>, timeMs = 1000): ConversationRecord {
  return { tenantId: TENANT, conversationId: GROUP, timeMs, ...NOTHING, ...change };
}

export function create(creator: string, ...others: readonly string[]): ConversationRecord {
  const userIds = [creator, ...others].map(user);
  return record({
    create: {
      creatorId: user(creator),
      isDirect: false,
      title: "Test",
      userIds,
      isHistoryOpen: false,
      messageId: id("create"),
    },
  });
}

export function send(
  sender: string,
  number: number,
  options: { timeMs?: number; name?: string } = {},
): ConversationRecord {
  const name = options.name ?? `${sender}-${number}`;
  return record(
    {
      send: {
        senderId: user(sender),
        deviceId: "phone" as DeviceId,
        number,
        clientMessageId: name as ClientMessageId,
        messageId: id(name),
        body: { text: { text: name }, notice: undefined },
      },
    },
    options.timeMs ?? 2000,
  );
}

export function read(reader: string, sequence: number): ConversationRecord {
  return record({ read: { userId: user(reader), sequence } });
}

export function members(actor: string, isRemoval: boolean, ...names: readonly string[]): ConversationRecord {
  return record({
    members: { actorId: user(actor), userIds: names.map(user), isRemoval, messageId: id("members") },
  });
}

export function trim(before: number): ConversationRecord {
  return record({ trim: { before } });
}

export function edit(
  actor: string,
  sequence: number,
  text: string,
  options: { readonly timeMs?: number; readonly limitMs?: number } = {},
): ConversationRecord {
  const body = { text: { text }, notice: undefined };
  const change = { actorId: user(actor), sequence, body, limitMs: options.limitMs ?? 0 };
  return record({ edit: change }, options.timeMs ?? 3000);
}

export function recall(
  actor: string,
  sequence: number,
  options: { readonly timeMs?: number; readonly limitMs?: number } = {},
): ConversationRecord {
  const change = { actorId: user(actor), sequence, limitMs: options.limitMs ?? 0 };
  return record({ recall: change }, options.timeMs ?? 3000);
}

/** A state in which the sends of everybody's one device may be applied. */
export function stateFor(...names: readonly string[]): ConversationState {
  const state = emptyConversation({ tenantId: TENANT, conversationId: GROUP });
  for (const name of names) {
    const recent = Array.from({ length: SENDS_IN_FLIGHT_MAX }, () => undefined);
    state.senders.set(senderKey(name, "phone"), { lastNumber: 0, recent });
  }
  return state;
}

function id(name: string): MessageId {
  return `id-${name}` as MessageId;
}
