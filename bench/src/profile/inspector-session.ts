/** Speaks with the V8 inspector of another process over its WebSocket. */
import { WebSocket } from "ws";

const ANSWER_MS_MAX = 60_000;
/** A profile of a minute is a few megabytes. */
const ANSWER_BYTES_MAX = 1024 * 1024 * 1024;

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class InspectorSession {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (bytes: Buffer) => {
      const answer = JSON.parse(bytes.toString("utf8")) as Answer;
      if (answer.id === undefined) return;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Errors: an Error when nothing listens there. */
  static async connect(url: string): Promise<InspectorSession> {
    const socket = new WebSocket(url, { maxPayload: ANSWER_BYTES_MAX, perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return new InspectorSession(socket);
  }

  /** Asks for one thing and resolves with its result. Errors: an Error when it is refused or not answered in time. */
  ask(method: string, params: object = {}): Promise<unknown> {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`The inspector did not answer ${method}.`));
      }, ANSWER_MS_MAX);
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        if (error === undefined) resolve(result);
        else reject(new Error(`The inspector refused ${method}: ${error.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Leaves the other process alone: one that ends waits for those who inspect it. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.once("close", () => resolve());
      this.#socket.close();
    });
  }
}
