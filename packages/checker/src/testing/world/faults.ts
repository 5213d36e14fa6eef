/** Bugs that the small world can have, and the invariant that has to show each. */
import type { Invariant } from "../../report.js";

export const FAULTS = {
  // The bugs of the trial that led to this checker.
  "acknowledge before fsync": "I1",
  "torn tail is not cut off": "I1",
  "failed fsync is ignored": "I1",
  "no idempotency": "I2",
  "unread is raised by a repeat": "I7",
  "position jumps over a gap": "I5",
  "PTS from memory after a restart": "I4",
  "no fence against the owner before": "I1",
  "owner before still gives PTS": "I4",
  "late write lands on a PTS given again": "I4",
  // And more.
  "PTS leaves a gap after a restart": "I4",
  "rebase with an old list": "I5",
  "hidden message on a page": "I8",
  "hidden for everybody": "I8",
  "unread drifts when hiding": "I7",
  "member list is stale": "I9",
  "event is lost": "I1",
  "sends overtake each other": "I3'",
  "position is stored early": "I5",
  "page from a stale replica": "I6",
  "event for another tenant": "I9",
  "page from before the joining": "I9",
  "content is changed": "I3",
  "refused send is placed": "I1'",
} as const satisfies Record<string, Invariant>;

export type Fault = keyof typeof FAULTS;
