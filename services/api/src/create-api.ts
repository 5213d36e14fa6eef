/** The HTTP surface: sign-in and sessions as JSON, problems as RFC 9457, and the web app. */
import fastifyStatic from "@fastify/static";
import type { AccountCalls, MediaCalls } from "@parley/contracts";
import { Failure, type Logger, failureCode, messageOf } from "@parley/base";
import {
  type SessionId,
  type TenantId,
  type User,
  parseDeviceId,
  parseTenantId,
  parseUserId,
} from "@parley/protocol";
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from "fastify";
import { answers, AS_USER, COUNT, FLAG, json, listOf, nothing, object, TEXT } from "./api-schemas.js";
import { authenticate } from "./authenticate.js";
import { answerClientError } from "./client-error.js";
import { PARAM_LENGTH_MAX, addMediaRoutes } from "./media-routes.js";
import { addOpenapi } from "./openapi.js";
import { addPictureRoutes } from "./picture-routes.js";
import { type ModuleApi, addModuleRoutes } from "./module-routes.js";
import { PAGE_POLICY, SECURITY_HEADERS } from "./security-headers.js";

const BODY_BYTES_MAX = 16 * 1024;

/** The HTTP status of each code that a route may answer with. */
export const HTTP_STATUS: Readonly<Record<string, number>> = {
  "bad-request": 400,
  "invalid-credentials": 401,
  "session-invalid": 401,
  "module-key-invalid": 401,
  "account-disabled": 403,
  "not-a-member": 403,
  "not-found": 404,
  "user-not-found": 404,
  "conversation-unknown": 404,
  "message-unknown": 404,
  "media-unknown": 404,
  "upload-offset": 409,
  "message-recalled": 410,
  "message-too-large": 413,
  "media-too-large": 413,
  "media-refused": 415,
  "too-many-requests": 429,
  unavailable: 503,
  "outcome-unknown": 503,
  "storage-full": 507,
};

const NOT_JSON = "Send JSON, with content-type: application/json.";

export interface ApiOptions {
  readonly accounts: AccountCalls;
  readonly tenantDefault: TenantId;
  readonly logger: Logger;
  /** Without it there are no files. */
  readonly media?: MediaCalls;
  /** The type of a file by its bytes; without it nobody has a picture. */
  readonly pictureType?: (bytes: Uint8Array) => string;
  /** Without it nobody publishes over HTTP. */
  readonly modules?: ModuleApi;
  /** What browsers bind their push subscriptions to; without it there are no web pushes. */
  readonly pushPublicKey?: string;
  /** The built web app; without it "/" says how to build it. */
  readonly webRoot?: string;
  /** Shown on the sign-in page of a demo installation. */
  readonly demo?: {
    readonly users: readonly Pick<User, "userId" | "name">[];
    readonly password: string;
  };
}

/** Builds the API; the caller listens and closes. */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const answerError = (
    error: FastifyError | Failure,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply => sendProblem(reply, asProblem(error, request, options.logger));
  const api = fastify({
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    forceCloseConnections: true,
    // A number is not a text: what does not fit is refused, not made to fit.
    ajv: { customOptions: { coerceTypes: false } },
    // Paths that cannot be decoded.
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerClientError,
  });
  // Only JSON is read.
  api.removeContentTypeParser("text/plain");
  api.addHook("onSend", async (_request, reply) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS))
      if (!reply.hasHeader(name)) reply.header(name, value);
  });
  api.setErrorHandler(answerError);
  await addOpenapi(api);
  addSessionRoutes(api, options);
  if (options.modules !== undefined) addModuleRoutes(api, { ...options, modules: options.modules });
  if (options.media !== undefined) await addMediaRoutes(api, { ...options, media: options.media });
  const { accounts, pictureType: typeOf } = options;
  if (typeOf !== undefined) await addPictureRoutes(api, { accounts, typeOf });
  api.get("/healthz", { schema: { ...HEALTH_SCHEMA, summary: "Whether the server runs" } }, healthy);
  api.get("/readyz", { schema: { ...HEALTH_SCHEMA, summary: "Whether it takes requests" } }, healthy);
  api.get("/v1/demo", { schema: DEMO_SCHEMA }, async () => {
    if (options.demo === undefined) throw new Failure("not-found", "This is not a demo installation.");
    return options.demo;
  });
  api.get("/v1/push", { schema: PUSH_SCHEMA }, async () => {
    const { pushPublicKey: publicKey } = options;
    if (publicKey === undefined) throw new Failure("not-found", "This server sends no web pushes.");
    return { publicKey };
  });
  await addWebApp(api, options.webRoot);
  return api;
}

const HEALTH_SCHEMA = { response: answers({ 200: json("It does.", object({ status: TEXT })) }) };
const PUSH_SCHEMA = {
  summary: "The key that browsers bind their push subscriptions to",
  response: answers({ 200: json("The key, in base64url.", object({ publicKey: TEXT })) }),
};
const DEMO_SCHEMA = {
  summary: "Who may sign in to a demo installation",
  response: answers({
    200: json(
      "Its users, and the password of all.",
      object({ users: listOf(object({ userId: TEXT, name: TEXT })), password: TEXT }),
    ),
  }),
};

async function healthy(): Promise<{ readonly status: string }> {
  return { status: "ok" };
}

interface LoginBody {
  readonly tenant?: string;
  readonly user: string;
  readonly password: string;
  readonly device: string;
  readonly deviceId?: string;
}

const LOGIN_SCHEMA = {
  summary: "Open a session",
  response: answers({
    200: json(
      "The session.",
      object({ token: TEXT, userId: TEXT, deviceId: TEXT, sessionId: TEXT, expiresAtMs: COUNT }),
    ),
  }),
  body: {
    type: "object",
    required: ["user", "password", "device"],
    properties: {
      tenant: { type: "string", maxLength: 32 },
      user: { type: "string", minLength: 1, maxLength: 64 },
      password: { type: "string", minLength: 1, maxLength: 256 },
      device: { type: "string", minLength: 1, maxLength: 100 },
      deviceId: { type: "string", minLength: 1, maxLength: 64 },
    },
  },
} as const;

const LOGOUT_SCHEMA = {
  summary: "End the session that asks",
  security: AS_USER,
  response: answers({ 204: nothing("It has ended.") }),
};
const SESSIONS_SCHEMA = {
  summary: "The user's sessions",
  security: AS_USER,
  response: answers({
    200: json(
      "All of them.",
      object({
        sessions: listOf(
          object({
            sessionId: TEXT,
            deviceId: TEXT,
            deviceName: TEXT,
            createdMs: COUNT,
            expiresAtMs: COUNT,
            isCurrent: FLAG,
          }),
        ),
      }),
    ),
  }),
};
const REVOKE_SCHEMA = {
  summary: "End a session of the user",
  security: AS_USER,
  params: object({ id: TEXT }),
  response: answers({ 204: nothing("It has ended, or was none.") }),
};

function addSessionRoutes(api: FastifyInstance, { accounts, tenantDefault }: ApiOptions): void {
  api.post<{ Body: LoginBody }>("/v1/login", { schema: LOGIN_SCHEMA }, async ({ body }) => {
    const { token, session } = await accounts.login({
      tenantId: body.tenant === undefined ? tenantDefault : parseTenantId(body.tenant),
      userId: parseUserId(body.user),
      password: body.password,
      deviceName: body.device,
      ...(body.deviceId === undefined ? {} : { deviceId: parseDeviceId(body.deviceId) }),
    });
    const { userId, deviceId, sessionId, expiresAtMs } = session;
    return { token, userId, deviceId, sessionId, expiresAtMs };
  });
  api.post("/v1/logout", { schema: LOGOUT_SCHEMA }, async (request, reply) => {
    const session = await authenticate(accounts, request);
    await accounts.revoke(session.tenantId, session.userId, session.sessionId);
    return reply.code(204).send();
  });
  api.get("/v1/sessions", { schema: SESSIONS_SCHEMA }, async (request) => {
    const session = await authenticate(accounts, request);
    const sessions = await accounts.listSessions(session.tenantId, session.userId);
    return {
      sessions: sessions.map((each) => ({ ...each, isCurrent: each.sessionId === session.sessionId })),
    };
  });
  api.delete<{ Params: { readonly id: string } }>(
    "/v1/sessions/:id",
    { schema: REVOKE_SCHEMA },
    async (request, reply) => {
      const session = await authenticate(accounts, request);
      await accounts.revoke(session.tenantId, session.userId, request.params.id as SessionId);
      return reply.code(204).send();
    },
  );
}

async function addWebApp(api: FastifyInstance, webRoot: string | undefined): Promise<void> {
  if (webRoot === undefined) {
    api.get("/", { schema: { hide: true } }, async (_request, reply) =>
      reply.type("text/plain").send("The web app is not built: run npm run build.\n"),
    );
    api.setNotFoundHandler(async () => {
      throw new Failure("not-found", "There is nothing here.");
    });
    return;
  }
  await api.register(fastifyStatic, {
    root: webRoot,
    // The build has made what browsers take: nothing is compressed here.
    preCompressed: true,
    // Names of built assets carry a hash of their content.
    setHeaders: (reply, path) => {
      const isHashed = path.includes("/assets/");
      reply.header("content-security-policy", PAGE_POLICY);
      reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  api.setNotFoundHandler(async (request, reply) => {
    const wantsPage = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
    if (wantsPage && !request.url.startsWith("/v1/")) return reply.sendFile("index.html");
    throw new Failure("not-found", "There is nothing here.");
  });
}

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly retryAfterMs: number;
  /** Which field it is about, when one is. */
  readonly field?: string | number | undefined;
}

function asProblem(error: FastifyError | Failure, request: FastifyRequest, logger: Logger): Problem {
  const requestId = request.id;
  const code = failureCode(error);
  if (code !== undefined && HTTP_STATUS[code] !== undefined) {
    const { retryAfterMs, details } = error as Failure;
    const { field } = details;
    const status = HTTP_STATUS[code];
    return { status, code, detail: error.message, requestId, retryAfterMs, field };
  }
  const status = (error as FastifyError).statusCode ?? 500;
  if (status < 500) {
    return {
      status,
      code: "bad-request",
      detail: detailOf(status, error, request),
      requestId,
      retryAfterMs: 0,
    };
  }
  logger.error("http-request-failed", { requestId, error: messageOf(error) });
  return {
    status: 500,
    code: "internal",
    detail: "The server failed on this request.",
    requestId,
    retryAfterMs: 1000,
  };
}

/** What to do about requests that do not get as far as a route. */
function detailOf(status: number, { message }: Error, { routeOptions }: FastifyRequest): string {
  if (status === 413) return `A body has at most ${routeOptions.bodyLimit} bytes.`;
  return status === 415 ? NOT_JSON : message;
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, code, detail, requestId, retryAfterMs, field } = problem;
  if (retryAfterMs > 0) reply.header("retry-after", Math.ceil(retryAfterMs / 1000));
  // Requests that never got as far as a route have passed no hook either.
  return reply
    .headers(SECURITY_HEADERS)
    .code(status)
    .type("application/problem+json")
    .send({ type: `urn:parley:error:${code}`, title: code, status, code, detail, requestId, field });
}
