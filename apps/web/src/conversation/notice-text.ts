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
      if (notice.userIds.length === 1 && notice.userIds[0] === notice.actorId)
        return strings.groups.saidJoined(people);
      return strings.noticeJoined(actor, people);
    case "left":
      return strings.noticeLeft(notice.userIds.length > 0 ? people : actor);
    case "removed":
      return strings.noticeRemoved(actor, people);
    case "renamed":
      return strings.noticeRenamed(actor, notice.text);
    default:
      return governText(strings.groups, notice, { actor, people }) ?? strings.noticeOther;
  }
}

/** What was set of the group or its members. */
function governText(
  words: Strings["groups"],
  { code, text }: Notice,
  { actor, people }: { readonly actor: string; readonly people: string },
): string | undefined {
  switch (code) {
    case "notice-changed":
      return words.saidNotice(actor, text);
    case "muted":
      return people === "" ? words.saidMutedAll(actor) : words.saidMuted(actor, people);
    case "unmuted":
      return people === "" ? words.saidUnmutedAll(actor) : words.saidUnmuted(actor, people);
    case "owner-changed":
      return words.saidOwner(people);
    case "role-changed":
      return text === "admin" ? words.saidAdmin(people) : words.saidMember(people);
    case "dissolved":
      return words.saidDissolved(actor);
    default:
      return undefined;
  }
}
