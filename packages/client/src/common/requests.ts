/**
 * Requests and their answers. A request waits for a connection and for room, is sent, and is answered, refused, timed
 * out, or caught by the end of its connection; a repeatable one is then sent again on the next.
 */
import { type Ambient, Failure, type Timer } from "@parley/base";
import { type ANSWERS, type Frame, type FramePayload, type Init, OWN_ANSWERS } from "@parley/protocol";
import {
  REQUEST_TIMEOUT_MS,
  REQUEST_TRIES_MAX,
  REQUEST_WAIT_MS_MAX,
  REQUESTS_OPEN_MAX,
  REQUESTS_WAITING_MAX,
} from "./limits.js";
import { NO_RELAY, type Relay } from "./relay.js";
import type { Session } from "./session.js";

type Answers = typeof ANSWERS;
export type RequestName = keyof Answers;
export type Answer<N extends RequestName> = FramePayload<Answers[N]>;
type Payload<N extends RequestName> = Omit<Init<FramePayload<N>>, "requestId">;

interface Request {
  readonly name: RequestName;
  readonly payload: object;
  /** Not repeated on the next connection: who asked has its own way to do that. */
  readonly isOnce: boolean;
  readonly resolve: (answer: object) => void;
  readonly reject: (error: unknown) => void;
  tries: number;
  timer: Timer | undefined;
}

export class Requests {
  readonly #session: Pick<Session, "isUp" | "write">;
  readonly #ambient: Ambient;
  readonly #relay: Relay;
  #nextId = 1;
  #openCount = 0;
  readonly #open = new Map<number, Request>();
  #waiting: Request[] = [];
  #isStopped = false;

  constructor(session: Pick<Session, "isUp" | "write">, ambient: Ambient, relay: Relay = NO_RELAY) {
    this.#session = session;
    this.#ambient = ambient;
    this.#relay = relay;
  }

  /** Nothing that was asked for is without an answer. */
  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /**
   * Sends a request that may be repeated and resolves with its answer. Errors: the server's refusal; "unavailable" when
   * there is no connection for long or too much waits; "outcome-unknown" when no answer came.
   */
  call<N extends RequestName>(name: N, payload: Payload<N>): Promise<Answer<N>> {
    if (this.#relay.isFollowing)
      return this.#relay.call("request", [name, payload], true) as Promise<Answer<N>>;
    return this.#add(name, payload, false);
  }

  /**
   * Sends a request on this connection or not at all, ahead of those that wait. Errors: as `call`; "outcome-unknown" also when
   * the connection ended.
   */
  callOnce<N extends RequestName>(name: N, payload: Payload<N>): Promise<Answer<N>> {
    return this.#add(name, payload, true);
  }

  /** Takes the answer to a request; false when the frame is none. */
  take(frame: Frame): boolean {
    if (!("requestId" in frame.payload)) return false;
    const request = this.#open.get(frame.payload.requestId);
    // An answer that came after its time limit; whoever asked has been told.
    if (request === undefined) return true;
    this.#finish(frame.payload.requestId, request);
    if (frame.name === "refused") request.reject(refusal(frame.payload));
    else if (frame.name === (OWN_ANSWERS[request.name as keyof typeof OWN_ANSWERS] ?? "done"))
      request.resolve(frame.payload);
    else request.reject(new Failure("malformed", `A ${request.name} was answered by a ${frame.name}.`));
    this.#sendWaiting();
    return true;
  }

  /** The connection is up: what waits may go. */
  onUp(): void {
    this.#sendWaiting();
  }

  /** The connection is gone: what can be repeated waits for the next, in its old order. */
  onDown(): void {
    const lost = [...this.#open];
    const again: Request[] = [];
    for (const [requestId, request] of lost) {
      this.#finish(requestId, request);
      if (request.isOnce || request.tries >= REQUEST_TRIES_MAX) request.reject(unknownOutcome());
      else again.push(request);
    }
    for (const request of again) this.#startWaiting(request);
    this.#waiting = [...again, ...this.#waiting];
  }

  /** Another tab leads: what waits is asked for there. */
  handOver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { timer, name, payload, resolve, reject } of waiting) {
      timer?.cancel();
      this.#relay.call("request", [name, payload], true).then((answer) => resolve(answer as object), reject);
    }
  }

  /** The client begins, maybe again. */
  start(): void {
    this.#isStopped = false;
  }

  /** The client stops: nothing is answered, and nothing asked any more. */
  stop(): void {
    this.#isStopped = true;
    for (const [requestId, request] of this.#open) {
      this.#finish(requestId, request);
      request.reject(unknownOutcome());
    }
    for (const request of this.#waiting) {
      request.timer?.cancel();
      request.reject(request.tries === 0 ? stopped() : unknownOutcome());
    }
    this.#waiting = [];
  }

  #add<N extends RequestName>(name: N, payload: Payload<N>, isOnce: boolean): Promise<Answer<N>> {
    return new Promise<Answer<N>>((resolve, reject) => {
      const request: Request = {
        name,
        payload,
        isOnce,
        resolve: resolve as (answer: object) => void,
        reject,
        tries: 0,
        timer: undefined,
      };
      if (this.#isStopped) reject(stopped());
      else if (this.#session.isUp && (isOnce || this.#openCount < REQUESTS_OPEN_MAX)) this.#write(request);
      else if (isOnce) reject(new Failure("unavailable", "There is no connection.", { retry: "same" }));
      else if (this.#waiting.length >= REQUESTS_WAITING_MAX) {
        reject(new Failure("unavailable", "Too many requests wait for a connection.", { retry: "same" }));
      } else {
        this.#startWaiting(request);
        this.#waiting.push(request);
      }
    });
  }

  #write(request: Request): void {
    const requestId = this.#nextId++;
    request.timer?.cancel();
    request.tries += 1;
    request.timer = this.#ambient.scheduler.after(REQUEST_TIMEOUT_MS, () => {
      this.#finish(requestId, request);
      request.reject(unknownOutcome());
      this.#sendWaiting();
    });
    this.#open.set(requestId, request);
    if (!request.isOnce) this.#openCount += 1;
    this.#session.write(request.name, { ...request.payload, requestId });
  }

  #finish(requestId: number, request: Request): void {
    request.timer?.cancel();
    if (this.#open.delete(requestId) && !request.isOnce) this.#openCount -= 1;
  }

  #startWaiting(request: Request): void {
    request.timer = this.#ambient.scheduler.after(REQUEST_WAIT_MS_MAX, () => {
      this.#waiting = this.#waiting.filter((one) => one !== request);
      const isFresh = request.tries === 0;
      request.reject(
        isFresh
          ? new Failure("unavailable", "There was no connection for too long.", { retry: "same" })
          : unknownOutcome(),
      );
    });
  }

  #sendWaiting(): void {
    while (this.#session.isUp && this.#openCount < REQUESTS_OPEN_MAX) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.#write(request);
    }
  }
}

function refusal(refused: FramePayload<"refused">): Failure {
  return new Failure(refused.code, refused.message, {
    // A policy that this version does not know is read as the most careful one.
    retry: refused.retry === "same" || refused.retry === "after-change" ? refused.retry : "never",
    retryAfterMs: refused.retryAfterMs,
    details: {
      ...(refused.expected > 0 ? { expected: refused.expected } : {}),
      ...(refused.untilMs > 0 ? { untilMs: refused.untilMs } : {}),
    },
  });
}

function stopped(): Failure {
  return new Failure("unavailable", "The client was stopped.", { retry: "after-change" });
}

function unknownOutcome(): Failure {
  return new Failure("outcome-unknown", "No answer came: it may or may not have happened.", {
    retry: "same",
  });
}
