/** What a module may say, checked field by field. */
import { Failure } from "@parley/base";
import type { ModulePublication } from "@parley/contracts";
import {
  COLLAPSE_KEY_BYTES_MAX,
  type ConversationId,
  DEVICE_KINDS,
  MODULE_DATA_BYTES_MAX,
  MODULE_DEVICES_MAX,
  MODULE_PRIORITIES,
  MODULE_USERS_MAX,
  type ModuleEvent,
  PUSH_TEXT_BYTES_MAX,
  PUSH_TITLE_BYTES_MAX,
  parseClientMessageId,
  parseConversationId,
  parseDeviceId,
  parseModuleName,
  parseUserId,
} from "@parley/protocol";

const PRIORITIES: readonly number[] = Object.values(MODULE_PRIORITIES);
const POLICIES: readonly string[] = ["none", "alert", "data"];
/** Not Unicode: it would come back as another text. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const NO_CONVERSATION = "" as ConversationId;

/** The event as it is stored. Errors: "bad-request" with the field in its details, "message-too-large". */
export function moduleEventOf(publication: ModulePublication, timeMs: number): ModuleEvent {
  const { module, id, data, to, push } = publication;
  const { deviceKinds = [], collapseKey = "", priority = 0, expiresAtMs = 0 } = publication;
  parsed("module", () => parseModuleName(module));
  parsed("id", () => parseClientMessageId(id));
  if (data.length > MODULE_DATA_BYTES_MAX) {
    throw new Failure("message-too-large", `An event has at most ${MODULE_DATA_BYTES_MAX} bytes of data.`, {
      retry: "after-change",
      details: { field: "data" },
    });
  }
  if (
    deviceKinds.some((kind) => !DEVICE_KINDS.some((known) => known === kind)) ||
    deviceKinds.length > DEVICE_KINDS.length
  )
    throw badField("deviceKinds", `Kinds of devices are ${DEVICE_KINDS.join(", ")}.`);
  atMost("collapseKey", collapseKey, COLLAPSE_KEY_BYTES_MAX);
  if (!PRIORITIES.includes(priority)) throw badField("priority", "The priority is 0, 1 or 2.");
  if (!Number.isSafeInteger(expiresAtMs) || expiresAtMs < 0)
    throw badField("expiresAtMs", "expiresAtMs must be a time in milliseconds since 1970, or 0.");
  if (push !== undefined) {
    if (!POLICIES.includes(push.policy))
      throw badField("push.policy", `The policy is ${POLICIES.join(", ")}.`);
    atMost("push.title", push.title, PUSH_TITLE_BYTES_MAX);
    atMost("push.text", push.text, PUSH_TEXT_BYTES_MAX);
  }
  const deviceIds = "userIds" in to ? devicesOf(to) : [];
  if ("conversationId" in to) parsed("conversationId", () => parseConversationId(to.conversationId));
  const said = { module, id, timeMs, data, collapseKey, priority, expiresAtMs, deviceIds, deviceKinds, push };
  return { ...said, conversationId: NO_CONVERSATION };
}

export function badField(field: string, message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change", details: { field } });
}

function devicesOf({
  userIds,
  deviceIds = [],
}: Extract<ModulePublication["to"], { readonly userIds: unknown }>): ModuleEvent["deviceIds"] {
  if (userIds.length === 0 || userIds.length > MODULE_USERS_MAX)
    throw badField("userIds", `Name 1 to ${MODULE_USERS_MAX} users.`);
  for (const userId of userIds) parsed("userIds", () => parseUserId(userId));
  if (deviceIds.length > MODULE_DEVICES_MAX)
    throw badField("deviceIds", `Name at most ${MODULE_DEVICES_MAX} devices.`);
  if (deviceIds.length > 0 && new Set(userIds).size > 1)
    throw badField("deviceIds", "Devices are those of one user.");
  for (const deviceId of deviceIds) parsed("deviceIds", () => parseDeviceId(deviceId));
  return deviceIds;
}

function parsed(field: string, parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    throw badField(field, cause instanceof Error ? cause.message : String(cause));
  }
}

function atMost(field: string, text: string, bytesMax: number): void {
  if (LONE_SURROGATE.test(text) || new TextEncoder().encode(text).length > bytesMax)
    throw badField(field, `${field} has at most ${bytesMax} bytes.`);
}
