/**
 * Judges a history: pure, one pass over each of its tables, and no search, because sequences and PTS say the order.
 * What each invariant means and how it is judged stands in docs/subsystems/checker.md.
 */
import { Findings } from "./findings.js";
import type { History } from "./history/history.js";
import { indexChanges, judgeChanges } from "./judge/changes.js";
import { judgeDeliveries } from "./judge/deliveries.js";
import { judgeEnds, RECOVERY_MS_MAX } from "./judge/ends.js";
import { judgeEntries } from "./judge/entries.js";
import { judgeFinals } from "./judge/finals.js";
import { indexHidings } from "./judge/hidings.js";
import { judgeMembers } from "./judge/members.js";
import { indexMemberships } from "./judge/memberships.js";
import { judgePages } from "./judge/pages.js";
import { PairMap } from "./judge/pair-map.js";
import { indexPlaces } from "./judge/places.js";
import { judgePositions } from "./judge/positions.js";
import { indexQueues } from "./judge/queues.js";
import { NOWHERE, type Run, type Story } from "./judge/run.js";
import { judgeSends } from "./judge/sends.js";
import { judgeShown } from "./judge/sights.js";
import { Speaker } from "./judge/speaker.js";
import { indexTrims } from "./judge/trims.js";
import type { CheckOptions, Report } from "./report.js";

/** Cost: about a second for each million deliveries, and 20 bytes of memory for each beside the history. */
export function check(history: History, options: CheckOptions = {}): Report {
  const story: Story = { history, findings: new Findings(), speaker: new Speaker(history) };
  const places = indexPlaces(story);
  const sends = judgeSends(story, places);
  const run: Run = {
    ...story,
    places,
    memberships: indexMemberships(story),
    hidings: indexHidings(story),
    trims: indexTrims(story),
    changes: indexChanges(story),
    queues: indexQueues(story, places),
    firstVisibles: firstVisiblesOf(history),
    unseen: 0,
  };
  judgeMembers(run);
  judgeDeliveries(run);
  judgeChanges(run);
  const positions = judgePositions(run);
  judgeShown(run, positions);
  judgePages(run, positions);
  judgeFinals(run);
  judgeEntries(run);
  judgeEnds(run, options.recoveryMsMax ?? RECOVERY_MS_MAX);
  return {
    anomalies: run.findings.anomalies(),
    figures: {
      ...sends,
      messages: history.placed.at.length - places.repeats,
      events: history.assigned.at.length - run.queues.repeats,
      deliveries: positions.deliveries,
      repeats: places.repeats + run.queues.repeats,
      unseen: run.unseen,
      users: history.users.length,
      devices: history.devices.length,
      conversations: history.conversations.length,
    },
  };
}

/** From where on lists say that conversations can be seen, by conversation and device; NOWHERE for who is no member. */
function firstVisiblesOf({ entries }: History): PairMap<number> {
  const firstVisibles = new PairMap<number>();
  for (let row = 0; row < entries.at.length; row++) {
    const firstVisible = entries.isMember.at(row) === 0 ? NOWHERE : entries.firstVisible.at(row);
    firstVisibles.set(entries.conversation.at(row), entries.device.at(row), firstVisible);
  }
  return firstVisibles;
}
