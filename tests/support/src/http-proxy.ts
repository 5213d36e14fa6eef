/** An HTTP proxy before a server, as companies have them: it passes requests, and does with upgrades what it is told. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What is done with upgrades: passed, or answered with a status. */
export type UpgradePolicy = "pass" | 400 | 502;

export class HttpProxy {
  upgrades: UpgradePolicy = "pass";
  /** True: an answer is passed on when all of it has come. */
  isBuffering = false;
  /** What it answers itself, by path, without asking anybody. */
  readonly answers = new Map<string, { readonly type: string; readonly content: string }>();
  /** Requests that were passed, by method and path without ids and numbers. */
  readonly passed: string[] = [];
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Duplex>();
  readonly #tunnels = new Set<Duplex>();

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, response) => this.#pass(incoming, response));
    this.#server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#keep(socket);
      this.#upgrade(incoming, socket, head);
    });
  }

  static async start(target: string): Promise<HttpProxy> {
    const proxy = new HttpProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Upgrades that were passed and whose connections stand. */
  get upgradedCount(): number {
    return this.#tunnels.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { method, url = "", headers } = incoming;
    const own = this.answers.get(url);
    if (own !== undefined) {
      response.writeHead(200, { "content-type": own.type, "cache-control": "no-cache" }).end(own.content);
      return;
    }
    this.passed.push(`${method} ${url.replace(/\/[0-9a-f]{32}.*$/u, "/ID")}`);
    const { hostname, port } = this.#target;
    const outgoing = request({ hostname, port, method, path: url, headers, agent: false });
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    outgoing.on("response", (answer) => {
      const pieces: Buffer[] = [];
      answer.on("error", () => response.destroy());
      const isBuffering = this.isBuffering;
      const begin = (): void => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
      };
      if (!isBuffering) begin();
      answer.on("data", (piece: Buffer) => {
        if (isBuffering) pieces.push(piece);
        else response.write(piece);
      });
      answer.on("end", () => {
        if (isBuffering) begin();
        response.end(Buffer.concat(pieces));
      });
    });
    incoming.pipe(outgoing);
  }

  #upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.upgrades === "pass") this.#tunnel(incoming, socket, head);
    else socket.end(`HTTP/1.1 ${this.upgrades} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }

  #tunnel(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const target = connect(Number(this.#target.port), this.#target.hostname, () => {
      const lines = incoming.rawHeaders.flatMap((name, at, all) =>
        at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : [],
      );
      target.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    this.#keep(target);
    this.#tunnels.add(target);
    target.on("close", () => this.#tunnels.delete(target));
    socket.on("close", () => target.destroy());
    target.on("close", () => socket.destroy());
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
