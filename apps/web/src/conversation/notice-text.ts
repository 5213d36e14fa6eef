import type { Message, UserId } from "@parley/protocol";
import type { Strings } from "../language/english.js";

type Notice = NonNullable<NonNullable<Message["body"]>["notice"]>;

/** People that are named; more become "…". */
const NAMED_MAX = 5;

/** A membership event in words. */
export function noticeText(strings: Strings, notice: Notice, nameOf: (userId: UserId) => string): string {
  const actor = nameOf(notice.actorId);
  const named = notice.userIds.slice(0, NAMED_MAX).map(nameOf);
  const isMore = notice.userIds.length > NAMED_MAX;
  const people = (isMore ? [...named, "…"] : named).join(strings.nameSeparator);
  switch (notice.code) {
    case "created":
      return strings.noticeCreated(actor);
    case "joined":
      return strings.noticeJoined(actor, people);
    case "left":
      return strings.noticeLeft(notice.userIds.length > 0 ? people : actor);
    case "removed":
      return strings.noticeRemoved(actor, people);
    case "renamed":
      return strings.noticeRenamed(actor, notice.text);
    default:
      return strings.noticeOther;
  }
}
