import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import { isOfDays, NO_FILTER, spanOf } from "./search-filter.js";

const ADA = "ada" as UserId;
const at = (day: number, hour = 0): number => new Date(2026, 10, day, hour).getTime();

test("nothing is asked for that was not chosen, and the last day is searched to its end", () => {
  deepEqual(
    [
      spanOf(NO_FILTER),
      spanOf({
        within: "g:one" as ConversationId,
        senderId: ADA,
        kind: "link",
        fromDay: "2026-11-03",
        untilDay: "2026-11-30",
      }),
    ],
    [
      {},
      {
        conversationId: "g:one",
        senderId: ADA,
        kind: "link",
        fromMs: at(3),
        untilMs: new Date(2026, 11, 1).getTime(),
      },
    ],
  );
});

test("what this device holds is searched by the same days", () => {
  const span = spanOf({ ...NO_FILTER, fromDay: "2026-11-03", untilDay: "2026-11-03" });
  const said = (timeMs: number): boolean => isOfDays({ timeMs }, span);
  deepEqual([said(at(3)), said(at(3, 23)), said(at(2, 23)), said(at(4))], [true, true, false, false]);
  deepEqual(isOfDays({ timeMs: 1 }, {}), true);
});
