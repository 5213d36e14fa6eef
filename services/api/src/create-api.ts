/** The HTTP surface: sign-in and sessions as JSON, problems as RFC 9457, and the web app. */
import fastifyStatic from "@fastify/static";
import type { AccountCalls, Session } from "@parley/contracts";
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
import { answerClientError } from "./client-error.js";

const BODY_BYTES_MAX = 16 * 1024;
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; " +
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** The HTTP status of each code that a route may answer with. */
export const HTTP_STATUS: Readonly<Record<string, number>> = {
  "bad-request": 400,
  "invalid-credentials": 401,
  "session-invalid": 401,
  "account-disabled": 403,
  "not-found": 404,
  "too-many-requests": 429,
  unavailable: 503,
};

/** What to do about requests that do not get as far as a route. */
const DETAIL: Readonly<Record<number, string>> = {
  413: `A body has at most ${BODY_BYTES_MAX} bytes.`,
  415: "Send JSON, with content-type: application/json.",
};

export interface ApiOptions {
  readonly accounts: AccountCalls;
  readonly tenantDefault: TenantId;
  readonly logger: Logger;
  /** The built web app; without it "/" says how to build it. */
  readonly webRoot?: string;
  /** Shown on the sign-in page of a demo installation. */
  readonly demo?: { readonly users: readonly User[]; readonly password: string };
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
    for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
  });
  api.setErrorHandler(answerError);
  addSessionRoutes(api, options);
  api.get("/healthz", async () => ({ status: "ok" }));
  api.get("/readyz", async () => ({ status: "ok" }));
  api.get("/v1/demo", async () => {
    if (options.demo === undefined) throw new Failure("not-found", "This is not a demo installation.");
    return options.demo;
  });
  await addWebApp(api, options.webRoot);
  return api;
}

interface LoginBody {
  readonly tenant?: string;
  readonly user: string;
  readonly password: string;
  readonly device: string;
  readonly deviceId?: string;
}

const LOGIN_SCHEMA = {
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
  api.post("/v1/logout", async (request, reply) => {
    const session = await authenticate(accounts, request);
    await accounts.revoke(session.tenantId, session.userId, session.sessionId);
    return reply.code(204).send();
  });
  api.get("/v1/sessions", async (request) => {
    const session = await authenticate(accounts, request);
    const sessions = await accounts.listSessions(session.tenantId, session.userId);
    return {
      sessions: sessions.map((each) => ({ ...each, isCurrent: each.sessionId === session.sessionId })),
    };
  });
  api.delete<{ Params: { readonly id: string } }>("/v1/sessions/:id", async (request, reply) => {
    const session = await authenticate(accounts, request);
    await accounts.revoke(session.tenantId, session.userId, request.params.id as SessionId);
    return reply.code(204).send();
  });
}

async function authenticate(accounts: AccountCalls, request: FastifyRequest): Promise<Session> {
  const [scheme = "", token] = (request.headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || token === undefined) {
    throw new Failure("session-invalid", "Send the token as: Authorization: Bearer <token>.", {
      retry: "after-change",
    });
  }
  return accounts.verify(token);
}

async function addWebApp(api: FastifyInstance, webRoot: string | undefined): Promise<void> {
  if (webRoot === undefined) {
    api.get("/", async (_request, reply) =>
      reply.type("text/plain").send("The web app is not built: run npm run build.\n"),
    );
    api.setNotFoundHandler(async () => {
      throw new Failure("not-found", "There is nothing here.");
    });
    return;
  }
  await api.register(fastifyStatic, {
    root: webRoot,
    // Names of built assets carry a hash of their content.
    setHeaders: (reply, path) => {
      const isHashed = path.includes("/assets/");
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
}

function asProblem(error: FastifyError | Failure, request: FastifyRequest, logger: Logger): Problem {
  const requestId = request.id;
  const code = failureCode(error);
  if (code !== undefined && HTTP_STATUS[code] !== undefined) {
    const { retryAfterMs } = error as Failure;
    return { status: HTTP_STATUS[code], code, detail: error.message, requestId, retryAfterMs };
  }
  const status = (error as FastifyError).statusCode ?? 500;
  if (status < 500) {
    const detail = DETAIL[status] ?? error.message;
    return { status, code: "bad-request", detail, requestId, retryAfterMs: 0 };
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

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, code, detail, requestId, retryAfterMs } = problem;
  if (retryAfterMs > 0) reply.header("retry-after", Math.ceil(retryAfterMs / 1000));
  // Requests that never got as far as a route have passed no hook either.
  return reply
    .headers(HEADERS)
    .code(status)
    .type("application/problem+json")
    .send({ type: `urn:parley:error:${code}`, title: code, status, code, detail, requestId });
}
