import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import { CHINESE } from "../language/chinese.js";
import { ENGLISH } from "../language/english.js";
import { noticeText } from "./notice-text.js";

const nameOf = (userId: UserId): string => userId.toUpperCase();
const notice = (
  code: string,
  userIds: readonly string[] = [],
  text = "",
): Parameters<typeof noticeText>[1] => ({
  code,
  actorId: "ada" as UserId,
  userIds: userIds as readonly UserId[],
  text,
  untilMs: 0,
});

test("each notice is worded", () => {
  const said = [
    notice("created"),
    notice("joined", ["bob", "chen"]),
    notice("left"),
    notice("left", ["bob"]),
    notice("removed", ["bob"]),
    notice("renamed", [], "New"),
    notice("something newer"),
  ].map((each) => noticeText(ENGLISH, each, nameOf));
  deepEqual(said, [
    "ADA created the group",
    "ADA added BOB, CHEN",
    "ADA left",
    "BOB left",
    "ADA removed BOB",
    "ADA renamed the group to “New”",
    "The group changed",
  ]);
});

test("of many people five are named", () => {
  const people = ["a", "b", "c", "d", "e", "f"];
  deepEqual(
    [
      noticeText(ENGLISH, notice("joined", people), nameOf),
      noticeText(CHINESE, notice("joined", people), nameOf),
    ],
    ["ADA added A, B, C, D, E, …", "ADA 邀请 A、B、C、D、E、… 加入"],
  );
});
