/**
 * What devices saw of messages, by whatever way: each is what was placed there (I3), of the user's tenant and from a
 * time of membership (I9), and not one that this device knows to be hidden or gone (I8).
 */
import { NONE } from "../history/column.js";
import { SOURCE } from "../history/history.js";
import type { Positions } from "./positions.js";
import type { Period } from "./memberships.js";
import type { Run } from "./run.js";

/** The rows of one page or one final list, or a single one. */
export interface Sight {
  readonly device: number;
  readonly conversation: number;
  readonly view: number;
  readonly count: number;
}

/** Judges what was shown or looked up; pages and final lists judge theirs. */
export function judgeShown(run: Run, { marks, trimMarks }: Positions): void {
  const { history, findings, speaker } = run;
  const { views } = history;
  for (let view = 0; view < views.at.length; view++) {
    const source = views.source.at(view);
    if (source !== SOURCE.shown && source !== SOURCE.found) continue;
    const device = views.device.at(view);
    const conversation = views.conversation.at(view);
    judgeSight(run, { device, conversation, view, count: 1 });
    // What was looked up may have been hidden or have gone while the answer was on its way.
    if (source === SOURCE.found) continue;
    const sequence = views.sequence.at(view);
    const firstKept = trimMarks.firstKept(device, conversation, views.at.at(view));
    if (sequence < firstKept) {
      findings.add(
        "trimmed-shown",
        sequence,
        () =>
          `${speaker.device(device)} showed ${speaker.place(conversation, sequence)} after it had learned that ` +
          `messages are kept from ${firstKept} on.`,
      );
    }
    if (!marks.isMarked({ device, conversation, sequence }, views.at.at(view))) continue;
    findings.add(
      "hidden-shown",
      sequence,
      () =>
        `${speaker.device(device)} showed ${speaker.place(conversation, sequence)} after it had applied its hiding.`,
    );
  }
}

export function judgeSight(run: Run, { device, conversation, view, count }: Sight): void {
  const { history, findings, speaker, places, memberships, changes } = run;
  const { views, placed, devices, conversations, users } = history;
  const { user } = devices[device]!;
  const saw = (row: number): string =>
    `${speaker.device(device)} saw ${speaker.message(views.message.at(row))} at ` +
    speaker.place(conversation, views.sequence.at(row));
  if (conversations[conversation]!.tenant !== users[user]!.tenant)
    findings.add("other-tenant", view, () => `${saw(view)}, of another tenant.`);
  const periods = memberships.periods.find(conversation, user);
  for (let row = view; row < view + count; row++) {
    const sequence = views.sequence.at(row);
    const place = places.row(conversation, sequence);
    if (place === NONE || placed.message.at(place) !== views.message.at(row)) {
      const isPlaced = place !== NONE || places.rowOf[views.message.at(row)] !== NONE;
      findings.add(isPlaced ? "place-conflict" : "never-placed", sequence, () => {
        const holder = place === NONE ? "no message was placed" : `${speaker.placed(place)} was placed`;
        return `${saw(row)}, where ${holder}.`;
      });
    } else if (
      placed.content.at(place) !== views.content.at(row) &&
      !changes.has(conversation, sequence, views.content.at(row))
    ) {
      findings.add("other-content", sequence, () => `${saw(row)} with another content than was placed.`);
    }
    if (place !== NONE && !places.isFor(place, user))
      findings.add("directed-shown", sequence, () => `${saw(row)}, which is directed to others.`);
    if (!memberships.isTold || maySee(periods, sequence)) continue;
    const isBefore = periods !== undefined && sequence < periods[0]!.firstVisible;
    findings.add(isBefore ? "before-join" : "not-a-member", sequence, () => {
      if (periods === undefined) return `${saw(row)}, and was never a member.`;
      const seen = periods.map(
        ({ firstVisible, last }) => `${firstVisible} to ${last === NONE ? "now" : last}`,
      );
      return `${saw(row)}, where it may see ${seen.join(", ")}.`;
    });
  }
}

function maySee(periods: readonly Period[] | undefined, sequence: number): boolean {
  if (periods === undefined) return false;
  for (const { firstVisible, last } of periods) if (sequence >= firstVisible && sequence <= last) return true;
  return false;
}
