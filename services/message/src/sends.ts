/**
 * Sends: checked, reviewed, their files claimed, then appended in the order in which each device called.
 *
 *   plain text           ─────────────────────────► append ─► verdict      nothing is awaited before the append
 *   file, review, forward ─► prepared side by side ─► append in turn ─► verdict
 */
import type { SendRequest, SendResult, Session } from "@parley/contracts";
import type { ConversationChange, Verdict } from "@parley/domain";
import type { UlidSource } from "@parley/base";
import type { UserId } from "@parley/protocol";
import { checkedAudience, checkedBody, checkedForward } from "./checked-body.js";
import { type ForwardedBody, readForward } from "./forwarding.js";
import type { HistoryReader } from "./history.js";
import { type ClaimedSend, MediaSends, type MediaSendsOptions } from "./media-sends.js";
import { badRequest, refusal } from "./refusal.js";
import type { Passage, ReviewGate } from "./review/review-gate.js";
import { SendOrder } from "./send-order.js";

export interface SendsOptions extends MediaSendsOptions {
  readonly history: HistoryReader;
  readonly newMessageId: UlidSource;
  /** Looks at contents before they are said. */
  readonly review?: ReviewGate | undefined;
  /** Errors: "not-a-member", when it is known already that the machine would say that of a new send. */
  readonly refuseStranger: (session: Session, request: SendRequest) => void;
  /** Appends before it first waits. */
  readonly submit: (
    session: Session,
    conversationId: SendRequest["conversationId"],
    change: ConversationChange,
  ) => Promise<Verdict>;
}

/** A send that was reviewed and whose files are claimed. */
type PassedSend = ClaimedSend & Pick<Passage, "isReplaced">;

const NO_CLAIMS: PassedSend["claims"] = [];

export class Sends {
  readonly #options: SendsOptions;
  readonly #media: MediaSends;
  readonly #order = new SendOrder();

  constructor(options: SendsOptions) {
    this.#options = options;
    this.#media = new MediaSends(options);
  }

  send(session: Session, request: SendRequest): Promise<SendResult> {
    try {
      return this.#begin(session, request);
    } catch (error) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what was thrown goes on as it is
      return Promise.reject(error);
    }
  }

  /** No async function: a send would wait for its own promise, and that is a good part of what is not the machine's. */
  #begin(session: Session, request: SendRequest): Promise<SendResult> {
    if (request.number < 1) throw badRequest("A send's number begins at 1.");
    const audience = checkedAudience(request.audience ?? []);
    if (request.forward !== undefined) return this.#forward(session, request, audience);
    const passage = this.#reviewed(session, request, {
      body: checkedBody(request.body),
      failure: undefined,
    });
    // The order of calls is the order in the log: nothing is awaited before the append where nothing has to be.
    const isReady = !(passage instanceof Promise) && passage.body?.media === undefined;
    if (isReady && !this.#order.isWaiting(lineOf(session, request))) {
      const { body, failure, isReplaced } = passage;
      const messageId = this.#newMessageId();
      const send = { body, failure, isReplaced, messageId, claims: NO_CLAIMS } as PassedSend;
      return this.#append(session, request, send, audience);
    }
    return this.#inOrder(session, request, audience, async () => passage);
  }

  async #forward(session: Session, request: SendRequest, audience: readonly UserId[]): Promise<SendResult> {
    if (request.body !== undefined) throw badRequest("What is forwarded has no body of its own.");
    const checked = checkedForward(request.forward!);
    return this.#inOrder(session, request, audience, async () => {
      const made = await readForward(this.#options.history, session, checked);
      return this.#reviewed(session, request, made);
    });
  }

  #inOrder(
    session: Session,
    request: SendRequest,
    audience: readonly UserId[],
    pass: () => Promise<Passage>,
  ): Promise<SendResult> {
    const messageId = this.#newMessageId();
    const prepare = async (): Promise<PassedSend> => {
      const passage = await pass();
      const claimed = await this.#media.claim(session, request, { made: passage, messageId });
      return { ...claimed, isReplaced: passage.isReplaced };
    };
    return this.#order.run(lineOf(session, request), prepare, (send) =>
      this.#append(session, request, send, audience),
    );
  }

  /** Where nobody reviews nothing is awaited. */
  #reviewed(
    { tenantId, userId: senderId }: Session,
    { conversationId }: SendRequest,
    made: ForwardedBody,
  ): Passage | Promise<Passage> {
    const { review } = this.#options;
    const { body, failure } = made;
    if (review === undefined || body === undefined) return { body, failure, isReplaced: false } as Passage;
    return review.pass({ tenantId, conversationId, senderId, body });
  }

  /** Appends before it first waits. Without a body only a repeat is answered; otherwise it fails with `failure`. */
  async #append(
    session: Session,
    request: SendRequest,
    made: PassedSend,
    audience: readonly UserId[],
  ): Promise<SendResult> {
    const { failure, isReplaced, claims } = made;
    const verdict =
      claims.length === 0
        ? await this.#submit(session, request, made, audience)
        : await this.#media.submit(session, made, () => this.#submit(session, request, made, audience));
    if (verdict.kind !== "sent") {
      const isUnknown = verdict.kind === "refused" && verdict.code === "message-unknown";
      throw isUnknown && failure !== undefined ? failure : refusal(verdict);
    }
    const { messageId, sequence, timeMs } = verdict;
    return isReplaced ? { messageId, sequence, timeMs, isReplaced } : { messageId, sequence, timeMs };
  }

  #submit(
    session: Session,
    request: SendRequest,
    { messageId, body }: PassedSend,
    audience: readonly UserId[],
  ): Promise<Verdict> {
    const { refuseStranger, submit } = this.#options;
    const { conversationId, clientMessageId, number } = request;
    const { userId: senderId, deviceId } = session;
    refuseStranger(session, request);
    const send = { senderId, deviceId, number, clientMessageId, messageId, body, audience };
    return submit(session, conversationId, { send });
  }

  #newMessageId(): SendResult["messageId"] {
    return this.#options.newMessageId() as SendResult["messageId"];
  }
}

/** Sends keep their order within it. */
function lineOf({ tenantId, userId, deviceId }: Session, { conversationId }: SendRequest): string {
  return `${tenantId}/${conversationId}/${userId}/${deviceId}`;
}
