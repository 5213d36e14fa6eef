/**
 * A TCP proxy that stands between devices and the server and breaks connections as networks do, when it is told to.
 *
 *   reset   both ends get a RST; what is under way is lost in both directions
 *   close   both ends get a FIN; they may still read what has arrived
 *   torn    of the next chunk in one direction only a part arrives, then as "close": a frame ends in the middle
 *   hole    nothing arrives any more in either direction, and nobody is told: only silence tells
 *   deaf    as "hole", but only towards the device: the server still hears it, and its answers are lost
 */
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

export const CUTS = ["reset", "close", "torn", "hole", "deaf"] as const;
export type Cut = (typeof CUTS)[number];

interface Link {
  readonly device: Socket;
  readonly server: Socket;
  state: "open" | "tearing" | "hole" | "deaf" | "over";
}

export class TcpProxy {
  readonly #listener: Server;
  readonly #links = new Set<Link>();
  #accepted = 0;

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  static async start(serverPort: number): Promise<TcpProxy> {
    const listener = createServer();
    const proxy = new TcpProxy(listener);
    listener.on("connection", (device) => proxy.#join(device, serverPort));
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections taken since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Connections that are whole. */
  get openCount(): number {
    return this.#open().length;
  }

  /** Breaks one whole connection; `pick` from 0 to 1 chooses which. Returns whether there was one. */
  cut(pick: number, how: Cut): boolean {
    const open = this.#open();
    const link = open[Math.floor(pick * open.length)];
    if (link === undefined) return false;
    if (how === "torn") link.state = "tearing";
    else if (how === "reset") this.#part(link, true);
    else if (how === "close") this.#part(link, false);
    else {
      // Not read, the sender's window fills up and stays full, as when the other end has lost its power.
      link.state = how;
      link.server.pause();
      if (how === "hole") link.device.pause();
    }
    return true;
  }

  /** Resets all connections, also those that are holes. Returns how many there were. */
  cutAll(): number {
    const links = [...this.#links];
    for (const link of links) this.#part(link, true);
    return links.length;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#listener.close(() => resolve());
    });
    this.cutAll();
    await closed;
  }

  #open(): readonly Link[] {
    return [...this.#links].filter(({ state }) => state === "open");
  }

  #join(device: Socket, serverPort: number): void {
    this.#accepted += 1;
    const server = connect(serverPort, "127.0.0.1");
    const link: Link = { device, server, state: "open" };
    this.#links.add(link);
    this.#carry(link, device, server);
    this.#carry(link, server, device);
  }

  #carry(link: Link, from: Socket, to: Socket): void {
    from.setNoDelay(true);
    // "close" follows and ends the link.
    from.on("error", () => undefined);
    from.on("data", (chunk) => {
      if (link.state === "tearing") {
        to.write(chunk.subarray(0, Math.floor(chunk.length / 2)));
        this.#part(link, false);
      } else if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => this.#resume(link, from));
      }
    });
    from.on("end", () => this.#part(link, false));
    // The other end of a hole does not learn of it.
    from.on("close", () => {
      if (link.state !== "hole" && link.state !== "deaf") this.#part(link, false);
    });
  }

  #resume(link: Link, from: Socket): void {
    const isHeld = link.state === "hole" || (link.state === "deaf" && from === link.server);
    if (!isHeld) from.resume();
  }

  #part(link: Link, isReset: boolean): void {
    if (!this.#links.delete(link)) return;
    link.state = "over";
    for (const socket of [link.device, link.server]) {
      if (isReset) socket.resetAndDestroy();
      // Ends after what was written to it.
      else socket.destroySoon();
    }
  }
}
