/** Short ways to write records in tests. */
import type {
  Body,
  ClientMessageId,
  ConversationId,
  DeviceId,
  MessageId,
  TenantId,
  UserId,
} from "@parley/protocol";
import {
  type ConversationChange,
  type ConversationRecord,
  CreateRecord,
  MembersRecord,
  RecallRecord,
  conversationRecord,
} from "../conversation-record.js";
import { type ConversationState, emptyConversation, senderKey } from "../conversation-state.js";
import { Body as BodySchema, SENDS_IN_FLIGHT_MAX, filled, textBody } from "@parley/protocol";

export const TENANT = "main" as TenantId;
export const GROUP = "g:test" as ConversationId;

export function user(name: string): UserId {
  return name as UserId;
}

export function record(change: ConversationChange, timeMs = 1000): ConversationRecord {
  return conversationRecord({ tenantId: TENANT, conversationId: GROUP }, timeMs, change);
}

export function create(creator: string, ...others: readonly string[]): ConversationRecord {
  const userIds = [creator, ...others].map(user);
  return record({
    create: filled(CreateRecord, {
      creatorId: user(creator),
      title: "Test",
      userIds,
      messageId: id("create"),
    }),
  });
}

export function send(
  sender: string,
  number: number,
  options: {
    timeMs?: number;
    name?: string;
    body?: Body | undefined;
    audience?: readonly string[];
  } = {},
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
        body: "body" in options ? options.body : textBody(name),
        audience: (options.audience ?? []).map(user),
      },
    },
    options.timeMs ?? 2000,
  );
}

export function read(
  reader: string,
  sequence: number,
  { timeMs = 1000, windowMs = 0 }: Waiting = {},
): ConversationRecord {
  return record({ read: { userId: user(reader), sequence, windowMs } }, timeMs);
}

/** When it happens, and how long it may wait to be told. */
interface Waiting {
  readonly timeMs?: number;
  readonly windowMs?: number;
}

export function react(
  actor: string,
  sequence: number,
  key: string,
  { timeMs = 3000, windowMs = 0, isRemoval = false }: Waiting & { readonly isRemoval?: boolean } = {},
): ConversationRecord {
  return record({ react: { actorId: user(actor), sequence, key, isRemoval, windowMs } }, timeMs);
}

export function pin(actor: string, sequence: number, isRemoval = false): ConversationRecord {
  return record({ pin: { actorId: user(actor), sequence, isRemoval } }, 3000);
}

export function card(content: string, revision = 1): Body {
  return filled(BodySchema, { card: { content, revision } });
}

export function update(
  actor: string,
  sequence: number,
  revision: number,
  options: Waiting & { readonly content?: string; readonly userId?: string } = {},
): ConversationRecord {
  const { timeMs = 3000, windowMs = 0, content = `v${revision}`, userId = "" } = options;
  const change = { actorId: user(actor), sequence, userId: user(userId), content, revision, windowMs };
  return record({ cardUpdate: change }, timeMs);
}

export function act(
  name: string,
  sequence: number,
  actionId: string,
  options: { readonly timeMs?: number; readonly verb?: string; readonly revision?: number } = {},
): ConversationRecord {
  const { timeMs = 3000, verb = "vote", revision = 1 } = options;
  return record(
    { cardAction: { userId: user(name), sequence, actionId, verb, data: "{}", revision } },
    timeMs,
  );
}

export function spread(timeMs = 4000): ConversationRecord {
  return record({ spread: {} }, timeMs);
}

export function members(actor: string, isRemoval: boolean, ...names: readonly string[]): ConversationRecord {
  return record({
    members: filled(MembersRecord, {
      actorId: user(actor),
      userIds: names.map(user),
      isRemoval,
      messageId: id("members"),
    }),
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
  const body = textBody(text);
  const change = { actorId: user(actor), sequence, body, limitMs: options.limitMs ?? 0 };
  return record({ edit: change }, options.timeMs ?? 3000);
}

export function recall(
  actor: string,
  sequence: number,
  options: { readonly timeMs?: number; readonly limitMs?: number } = {},
): ConversationRecord {
  const change = { actorId: user(actor), sequence, limitMs: options.limitMs ?? 0 };
  return record({ recall: filled(RecallRecord, change) }, options.timeMs ?? 3000);
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

export function id(name: string): MessageId {
  return `id-${name}` as MessageId;
}
