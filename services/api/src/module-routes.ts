/** What business modules may ask over HTTP, and how users come to them. Source: docs/protocol/http.md. */
import type { AccountCalls, ModuleCalls, ModuleReceivers } from "@parley/contracts";
import { Failure } from "@parley/base";
import {
  type ConversationId,
  type DeviceId,
  DEVICE_KINDS,
  MODULE_DEVICES_MAX,
  MODULE_PRIORITIES,
  MODULE_USERS_MAX,
  type ModulePush,
  parseModuleName,
  type UserId,
} from "@parley/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { answers, AS_MODULE, AS_USER, COUNT, FLAG, json, object, TEXT } from "./api-schemas.js";
import { authenticate, bearerOf } from "./authenticate.js";
import type { ModuleIdentity, ModuleStore } from "./module-store.js";
import { TICKET_MS, type Tickets } from "./tickets.js";

/** 16 KiB of data as Base64, and a thousand names. */
export const EVENT_BODY_BYTES_MAX = 128 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What the routes of modules need. */
export interface ModuleApi {
  readonly calls: ModuleCalls;
  readonly store: Pick<ModuleStore, "verify" | "has">;
  readonly tickets: Pick<Tickets, "issue" | "exchange">;
}

export interface ModuleRoutesOptions {
  readonly accounts: AccountCalls;
  readonly modules: ModuleApi;
}

interface EventBody {
  readonly id: string;
  readonly data?: string;
  readonly to: {
    readonly userIds?: readonly UserId[];
    readonly deviceIds?: readonly DeviceId[];
    readonly conversationId?: ConversationId;
  };
  readonly deviceKinds?: readonly string[];
  readonly collapseKey?: string;
  readonly priority?: keyof typeof MODULE_PRIORITIES;
  readonly expiresAtMs?: number;
  readonly push?: Partial<ModulePush> & Pick<ModulePush, "policy">;
}

const EVENT_SCHEMA = {
  summary: "Publish an event of a module",
  security: AS_MODULE,
  response: answers({
    200: json("It is durable.", object({ isDuplicate: { ...FLAG, description: "All had it already." } })),
  }),
  body: {
    type: "object",
    required: ["id", "to"],
    properties: {
      id: { type: "string", minLength: 1, maxLength: 64 },
      data: { type: "string", description: "Base64" },
      to: {
        type: "object",
        properties: {
          userIds: {
            type: "array",
            minItems: 1,
            maxItems: MODULE_USERS_MAX,
            items: { type: "string", maxLength: 64 },
          },
          deviceIds: {
            type: "array",
            minItems: 1,
            maxItems: MODULE_DEVICES_MAX,
            items: { type: "string", maxLength: 64 },
          },
          conversationId: { type: "string", maxLength: 131 },
        },
      },
      deviceKinds: {
        type: "array",
        maxItems: DEVICE_KINDS.length,
        items: { type: "string", enum: DEVICE_KINDS },
      },
      collapseKey: { type: "string", maxLength: 64 },
      priority: { type: "string", enum: Object.keys(MODULE_PRIORITIES) },
      expiresAtMs: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      push: {
        type: "object",
        required: ["policy"],
        properties: {
          policy: { type: "string", enum: ["none", "alert", "data"] },
          title: { type: "string" },
          text: { type: "string" },
        },
      },
    },
  },
} as const;

const TICKET_SCHEMA = {
  summary: "A ticket for a module's server",
  security: AS_USER,
  response: answers({ 200: json("Good for one use.", object({ ticket: TEXT, expiresInMs: COUNT })) }),
  body: {
    type: "object",
    required: ["module"],
    properties: { module: { type: "string", minLength: 1, maxLength: 32 } },
  },
} as const;

const EXCHANGE_SCHEMA = {
  summary: "Whose ticket it is",
  security: AS_MODULE,
  response: answers({
    200: json("Once.", object({ tenant: TEXT, userId: TEXT, deviceId: TEXT })),
  }),
  body: {
    type: "object",
    required: ["ticket"],
    properties: { ticket: { type: "string", minLength: 1, maxLength: 100 } },
  },
} as const;

export function addModuleRoutes(api: FastifyInstance, { accounts, modules }: ModuleRoutesOptions): void {
  const { calls, store, tickets } = modules;
  const eventRoute = { schema: EVENT_SCHEMA, bodyLimit: EVENT_BODY_BYTES_MAX };
  api.post<{ Body: EventBody }>("/v1/modules/events", eventRoute, async (request) => {
    const { tenantId, module } = await moduleOf(store, request);
    const { data = "", to, priority = "normal", push, ...rest } = request.body;
    return calls.publish(tenantId, {
      ...rest,
      module,
      data: bytesOf(data),
      to: receiversOf(to),
      priority: MODULE_PRIORITIES[priority],
      ...(push === undefined ? {} : { push: { title: "", text: "", ...push } }),
    });
  });
  api.post<{ Body: { readonly module: string } }>(
    "/v1/tickets",
    { schema: TICKET_SCHEMA },
    async (request) => {
      const session = await authenticate(accounts, request);
      const module = parseModuleName(request.body.module);
      if (!(await store.has({ tenantId: session.tenantId, module })))
        throw new Failure("not-found", `There is no module ${module}.`);
      return { ticket: tickets.issue(session, module), expiresInMs: TICKET_MS };
    },
  );
  api.post<{ Body: { readonly ticket: string } }>(
    "/v1/modules/tickets",
    { schema: EXCHANGE_SCHEMA },
    async (request) => {
      const session = tickets.exchange(await moduleOf(store, request), request.body.ticket);
      if (session === undefined)
        throw new Failure(
          "not-found",
          "The ticket is unknown, was used, or is too old: have another one made.",
        );
      const { tenantId, userId, deviceId } = session;
      return { tenant: tenantId, userId, deviceId };
    },
  );
}

/** Errors: "module-key-invalid". */
function moduleOf(store: ModuleApi["store"], request: FastifyRequest): Promise<ModuleIdentity> {
  return store.verify(bearerOf(request) ?? "");
}

/** Errors: "bad-request". */
function receiversOf({ userIds, deviceIds, conversationId }: EventBody["to"]): ModuleReceivers {
  if ((userIds === undefined) === (conversationId === undefined))
    throw bad("to", "Say either to.userIds or to.conversationId.");
  if (conversationId === undefined)
    return { userIds: userIds!, ...(deviceIds === undefined ? {} : { deviceIds }) };
  if (deviceIds !== undefined) throw bad("deviceIds", "Devices are those of one user.");
  return { conversationId };
}

/** Errors: "bad-request". */
function bytesOf(data: string): Uint8Array {
  if (!BASE64.test(data)) throw bad("data", "data must be Base64.");
  return new Uint8Array(Buffer.from(data, "base64"));
}

function bad(field: string, message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change", details: { field } });
}
