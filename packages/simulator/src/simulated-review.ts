/** Who reviews contents in a run: slow, failing at times, and always of the same mind about the same words. */
import type { LaterReviewer, Reviewer } from "@parley/contracts";
import { type Body, plainText } from "@parley/protocol";
import { NEWS } from "./campaigning.js";
import type { Process } from "./kernel.js";
import type { ReviewPlan } from "./plan.js";
import type { Truth } from "./recording/truth.js";
import { SeededRandom } from "./seeded-random.js";

/** What is refused before it is said ends so, and what is taken back later. */
const REFUSED = "7";
const TAKEN_BACK = "3";

export function simulatedReviewers(
  process: Process,
  { delayMs, failChance, seed }: ReviewPlan,
  isHealed: () => boolean,
): { readonly reviewer: Reviewer; readonly laterReviewer: LaterReviewer } {
  const random = new SeededRandom(seed ^ process.name.length);
  const think = async (): Promise<void> => {
    await process.sleep(random.waitMs(isHealed() ? 1 : delayMs), "a review");
    if (!isHealed() && random.isTrue(failChance)) throw new Error("The reviewer has no time.");
  };
  return {
    reviewer: {
      async review({ body }) {
        await think();
        return endsWith(body, REFUSED) ? { kind: "refuse", reason: "words" } : { kind: "accept" };
      },
    },
    laterReviewer: {
      async review({ body }) {
        await think();
        return endsWith(body, TAKEN_BACK) ? "refuse" : "accept";
      },
    },
  };
}

/** What is there though a review does not let it be. Call it when no review is under way. */
export function judgeReviews(truth: Truth): readonly string[] {
  return [...truth.messages].flatMap(([conversationId, messages]) =>
    messages
      .slice(truth.firstKept(conversationId) - 1)
      .flatMap(({ sequence, senderId, body, isCountable }) => {
        if (!isCountable || body === undefined) return [];
        // What the organisation says it has thought about.
        if (senderId !== NEWS && endsWith(body, REFUSED))
          return [`${conversationId} ${sequence} was said without a review`];
        return endsWith(body, TAKEN_BACK) ? [`${conversationId} ${sequence} was never reviewed later`] : [];
      }),
  );
}

function endsWith(body: Body, sign: string): boolean {
  return plainText(body).endsWith(sign);
}
