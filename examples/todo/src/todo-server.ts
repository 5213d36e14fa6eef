/**
 * The module's own server. It keeps the lists, tells every change as an event of the module "todo", and lets in whoever comes with a
 * ticket. For the page it passes on what goes to the Parley server, so that both have one address, as behind any reverse proxy.
 */
import { randomBytes } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { answerPage } from "./page-files.js";
import type { TodoChange } from "./todo-list.js";
import { type PendingEvent, TodoStore } from "./todo-store.js";

const BODY_BYTES_MAX = 4096;
const TEXT_LENGTH_MAX = 500;
const SESSIONS_MAX = 10_000;
const RETRY_MS = 1_000;

export interface TodoServerOptions {
  /** The Parley server, such as http://127.0.0.1:8080. */
  readonly parleyUrl: string;
  /** What `parley module add todo` printed. */
  readonly moduleKey: string;
  readonly path: string;
  readonly port: number;
}

export interface RunningTodoServer {
  readonly url: string;
  /** Resolves when every change is published. */
  told(): Promise<void>;
  close(): Promise<void>;
}

export async function startTodoServer(options: TodoServerOptions): Promise<RunningTodoServer> {
  const todo = new TodoServer(options, await TodoStore.open(options.path));
  return todo.listen();
}

class TodoServer {
  readonly #options: TodoServerOptions;
  readonly #store: TodoStore;
  /** Users by session; the oldest go first. */
  readonly #sessions = new Map<string, string>();
  readonly #server: Server;
  /** WebSockets that are passed on. */
  readonly #sockets = new Set<Duplex>();
  #telling: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(options: TodoServerOptions, store: TodoStore) {
    this.#options = options;
    this.#store = store;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        console.error(error);
        if (!response.headersSent) response.writeHead(500).end();
      });
    });
    this.#server.on("upgrade", (request, socket, head) => this.#passUpgradeOn(request, socket, head));
  }

  async listen(): Promise<RunningTodoServer> {
    await new Promise<void>((resolve) => this.#server.listen(this.#options.port, "127.0.0.1", resolve));
    // What an earlier life did not get to.
    void this.#tell();
    const { port } = this.#server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      told: async () => {
        while (this.#store.pending.length > 0) await this.#tell();
      },
      close: async () => {
        clearTimeout(this.#retryTimer);
        this.#server.closeAllConnections();
        for (const socket of this.#sockets) socket.destroy();
        await new Promise((resolve) => this.#server.close(resolve));
        await this.#telling;
        clearTimeout(this.#retryTimer);
      },
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    if (url.startsWith("/v1/")) this.#passOn(request, response);
    else if (method === "POST" && url === "/todo/sessions") await this.#signIn(request, response);
    else if (url.startsWith("/todo/lists/")) await this.#answerList(request, response);
    else if (method === "GET") await answerPage(url, response);
    else say(response, 404, { error: "There is nothing here." });
  }

  /** Who it is, the Parley server says: once, for a ticket. */
  async #signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { ticket } = (await bodyOf(request)) as { readonly ticket?: unknown };
    const answer = await this.#askParley("/v1/modules/tickets", { ticket });
    if (!answer.ok) {
      say(response, 401, { error: "The ticket is none." });
      return;
    }
    const { userId } = (await answer.json()) as { readonly userId: string };
    const session = randomBytes(24).toString("base64url");
    this.#sessions.set(session, userId);
    if (this.#sessions.size > SESSIONS_MAX) this.#sessions.delete(this.#sessions.keys().next().value!);
    say(response, 200, { session });
  }

  async #answerList(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const userId = this.#sessions.get(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
    if (userId === undefined) {
      say(response, 401, { error: "Come with a ticket." });
      return;
    }
    const conversationId = decodeURIComponent(request.url!.slice("/todo/lists/".length));
    if (!maySee(userId, conversationId)) say(response, 404, { error: "There is no such list." });
    else if (request.method === "GET") say(response, 200, this.#store.list(conversationId));
    else if (request.method === "POST") await this.#change(conversationId, request, response);
    else say(response, 405, { error: "GET or POST." });
  }

  async #change(conversationId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const change = changeOf(await bodyOf(request));
    const state = change && (await this.#store.change(conversationId, change));
    if (state === undefined) {
      say(response, 400, { error: "This is no change, or the list is full." });
      return;
    }
    void this.#tell();
    say(response, 200, { version: state.version });
  }

  /** Publishes what is not published yet, in order. */
  #tell(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  async #tellAll(): Promise<void> {
    for (let next = this.#store.pending[0]; next !== undefined; next = this.#store.pending[0]) {
      if (!(await this.#publish(next))) {
        this.#retryTimer = setTimeout(() => void this.#tell(), RETRY_MS);
        return;
      }
      await this.#store.published(next);
    }
  }

  /** False: later again, with the same id. */
  async #publish({ id, conversationId, event }: PendingEvent): Promise<boolean> {
    try {
      const data = Buffer.from(JSON.stringify(event)).toString("base64");
      const answer = await this.#askParley("/v1/modules/events", { id, to: { conversationId }, data });
      if (answer.ok) return true;
      // What cannot be published ever, such as for a conversation that is gone, stands in nobody's way.
      console.error(`The event ${id} was answered by ${answer.status}: ${await answer.text()}`);
      return answer.status < 500 && answer.status !== 429 && answer.status !== 401;
    } catch (error) {
      console.error(`The event ${id} waits: ${String(error)}`);
      return false;
    }
  }

  #askParley(path: string, body: object): Promise<Response> {
    const { parleyUrl, moduleKey } = this.#options;
    return fetch(`${parleyUrl}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${moduleKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
  }

  #passOn(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request;
    const passed = httpRequest(`${this.#options.parleyUrl}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  }

  #passUpgradeOn(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const passed = httpRequest(`${this.#options.parleyUrl}${request.url}`, { headers: request.headers });
    passed.on("upgrade", (answer, other) => {
      const fields = answer.rawHeaders.map((field, index) =>
        index % 2 === 0 ? `${field}: ` : `${field}\r\n`,
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields.join("")}\r\n`);
      other.write(head);
      socket.pipe(other).pipe(socket);
      other.on("error", () => socket.destroy());
      other.on("close", () => socket.destroy());
      socket.on("close", () => other.destroy());
    });
    passed.on("response", () => socket.destroy());
    passed.on("error", () => socket.destroy());
    passed.end();
  }
}

/** A direct conversation names its two users. The id of a group is known to those only who were told of it. */
function maySee(userId: string, conversationId: string): boolean {
  const [kind, ...users] = conversationId.split(":");
  return kind === "g" || (kind === "d" && users.includes(userId));
}

function changeOf(body: unknown): TodoChange | undefined {
  const { kind, id, text, isDone } = body as Record<string, unknown>;
  if (typeof id !== "string" || id === "" || id.length > 64) return undefined;
  if (kind === "remove") return { kind, id };
  if (kind === "done" && typeof isDone === "boolean") return { kind, id, isDone };
  const isText = typeof text === "string" && text.trim() !== "" && text.length <= TEXT_LENGTH_MAX;
  return kind === "add" && isText ? { kind, id, text } : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<object> {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) {
    text += piece as string;
    if (text.length > BODY_BYTES_MAX) return {};
  }
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    // No JSON says no more than an empty object.
    return {};
  }
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
