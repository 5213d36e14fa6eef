import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import { isWithin, NO_FILTER, spanOf } from "./search-filter.js";

const ADA = "ada" as UserId;
const at = (day: number, hour = 0): number => new Date(2026, 10, day, hour).getTime();

test("nothing is asked for that was not chosen, and the last day is searched to its end", () => {
  deepEqual(
    [
      spanOf(NO_FILTER),
      spanOf({
        within: "g:one" as ConversationId,
        senderId: ADA,
        fromDay: "2026-11-03",
        untilDay: "2026-11-30",
      }),
    ],
    [{}, { conversationId: "g:one", senderId: ADA, fromMs: at(3), untilMs: new Date(2026, 11, 1).getTime() }],
  );
});

test("what this device holds is searched by the same filter", () => {
  const span = spanOf({ ...NO_FILTER, senderId: ADA, fromDay: "2026-11-03", untilDay: "2026-11-03" });
  const said = (senderId: string, timeMs: number): boolean =>
    isWithin({ senderId: senderId as UserId, timeMs }, span);
  deepEqual(
    [
      said("ada", at(3)),
      said("ada", at(3, 23)),
      said("bob", at(3)),
      said("ada", at(2, 23)),
      said("ada", at(4)),
    ],
    [true, true, false, false, false],
  );
  deepEqual(isWithin({ senderId: ADA, timeMs: 1 }, {}), true);
});
