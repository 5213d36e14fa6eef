/**
 * List entries at the end, of devices that drained: unread is what a recount gives (I7), the marker of reading stands
 * where the user's reading put it (I7), and the entry ends where the conversation does for this user (I7, I9).
 */
import { UNREAD_RANGES_MAX } from "@parley/protocol";
import { NONE } from "../history/column.js";
import { OPERATION_KINDS, OUTCOME } from "../history/history.js";
import type { Period } from "./memberships.js";
import { PairMap } from "./pair-map.js";
import type { Run } from "./run.js";
import type { Trims } from "./trims.js";

const READ = OPERATION_KINDS.indexOf("read");

/** A user's readings of a conversation that were not refused: operations. */
type Readings = PairMap<number[]>;

interface Entry {
  readonly row: number;
  readonly user: number;
  readonly conversation: number;
  readonly firstVisible: number;
  readonly lastSequence: number;
  readonly readSequence: number;
  readonly unread: number;
  readonly isMember: boolean;
  /** "ann's phone lists g:team". */
  readonly listed: () => string;
}

export function judgeEntries(run: Run): void {
  const { entries, devices, drainedMs } = run.history;
  const readings = gatherReadings(run);
  for (let row = 0; row < entries.at.length; row++) {
    const device = entries.device.at(row);
    if (!drainedMs.has(device)) continue;
    const conversation = entries.conversation.at(row);
    const entry: Entry = {
      row,
      user: devices[device]!.user,
      conversation,
      firstVisible: entries.firstVisible.at(row),
      lastSequence: entries.lastSequence.at(row),
      readSequence: entries.readSequence.at(row),
      unread: entries.unread.at(row),
      isMember: entries.isMember.at(row) === 1,
      listed: () => `${run.speaker.device(device)} lists ${run.speaker.conversation(conversation)}`,
    };
    judgeMembership(run, entry);
    judgeRead(run, entry, readings.find(conversation, entry.user) ?? []);
    judgeUnread(run, entry);
  }
}

function gatherReadings({ history }: Run): Readings {
  const { operations, devices } = history;
  const readings: Readings = new PairMap();
  for (let operation = 0; operation < operations.at.length; operation++) {
    if (operations.kind.at(operation) !== READ || operations.outcome.at(operation) === OUTCOME.failed)
      continue;
    const { user } = devices[operations.device.at(operation)]!;
    readings.need(operations.conversation.at(operation), user, () => []).push(operation);
  }
  return readings;
}

function judgeMembership({ findings, speaker, places, memberships, trims }: Run, entry: Entry): void {
  const { conversation, user, lastSequence, firstVisible, isMember, listed } = entry;
  const period = memberships.periods.find(conversation, user)?.at(-1);
  if (memberships.isTold) {
    const isRight = isMember === (period?.last === NONE) && beginsRight(trims, entry, period);
    if (!isRight) {
      findings.add("entry-membership", conversation, () => {
        const word = isMember ? "a member" : "no member";
        const first = Math.max(period?.firstVisible ?? 0, trims.firstKept(conversation));
        const truth = period?.last === NONE ? `a member from ${first} on` : "no member";
        return `${listed()} as ${word} from ${firstVisible} on, but ${speaker.user(user)} is ${truth}.`;
      });
    }
  }
  const isPresent = period === undefined ? isMember : period.last === NONE;
  const last = isPresent ? places.last(conversation) : period?.last;
  if (last === undefined || last === lastSequence) return;
  findings.add(
    "entry-behind",
    lastSequence,
    () => `${listed()} up to ${lastSequence}, but it goes to ${last}.`,
  );
}

/** Who left before a trim was not told of it. */
function beginsRight(
  trims: Trims,
  { conversation, firstVisible }: Entry,
  period: Period | undefined,
): boolean {
  if (period === undefined) return false;
  if (period.last === NONE)
    return firstVisible === Math.max(period.firstVisible, trims.firstKept(conversation));
  if (firstVisible === period.firstVisible) return true;
  return (
    firstVisible > period.firstVisible && firstVisible <= period.last && trims.has(conversation, firstVisible)
  );
}

function judgeRead(run: Run, entry: Entry, readings: readonly number[]): void {
  const { history, findings, speaker, places } = run;
  const { operations, placed } = history;
  const { conversation, readSequence, lastSequence, listed } = entry;
  for (const operation of readings) {
    const sequence = operations.sequence.at(operation);
    if (operations.outcome.at(operation) !== OUTCOME.ok || sequence <= readSequence) continue;
    // Beyond the end of the conversation a reading counts up to that end only.
    const row = places.row(conversation, sequence);
    if (row === NONE || placed.at.at(row) > operations.at.at(operation) || sequence > lastSequence) continue;
    findings.add(
      "read-lost",
      sequence,
      () => `${listed()} as read up to ${readSequence}, after the ${speaker.operation(operation)}.`,
    );
  }
  if (isJustified(run, entry, readings)) return;
  findings.add(
    "read-invented",
    readSequence,
    () => `${listed()} as read up to ${readSequence}, which nothing that the user did explains.`,
  );
}

/**
 * A marker moves by reading, by what one writes oneself, by notices and imports, by joining and leaving, by what is gone, and in
 * a large group over what is recalled or hidden.
 */
function isJustified(run: Run, entry: Entry, readings: readonly number[]): boolean {
  const { history, places, memberships, trims, hidings, changes } = run;
  const { operations, placed } = history;
  const { conversation, user, readSequence } = entry;
  if (changes.newest(conversation, readSequence)?.isRecalled === true) return true;
  if (hidings.of(conversation, user)?.has(readSequence) === true) return true;
  if (readSequence === 0 || trims.has(conversation, readSequence + 1)) return true;
  const row = places.row(conversation, readSequence);
  if (row !== NONE && (placed.sender.at(row) === user || placed.isCountable.at(row) === 0)) return true;
  if (row !== NONE && !places.isFor(row, user)) return true;
  const periods = memberships.periods.find(conversation, user) ?? [];
  if (periods.some(({ after, last }) => after === readSequence || last === readSequence)) return true;
  return readings.some((operation) => operations.sequence.at(operation) >= readSequence);
}

function judgeUnread({ history, findings, places, hidings, changes }: Run, entry: Entry): void {
  const { placed, memberSets, assigned } = history;
  const { conversation, user, firstVisible, readSequence, lastSequence, unread, listed, isMember } = entry;
  const hidden = hidings.of(conversation, user);
  const isTold = assigned.at.length > 0;
  let count = 0;
  let doubtful = 0;
  let recalled = 0;
  let ranges = 0;
  let before = -1;
  const start = Math.max(readSequence + 1, firstVisible);
  for (let sequence = start; sequence <= Math.min(lastSequence, places.last(conversation)); sequence++) {
    const row = places.row(conversation, sequence);
    if (row === NONE || placed.isCountable.at(row) === 0 || placed.sender.at(row) === user) continue;
    if (!places.isFor(row, user)) continue;
    const members = placed.members.at(row);
    if (members !== NONE && !memberSets[members]!.has(user)) continue;
    const hiding = hidden?.get(sequence);
    if (hiding !== undefined && (isTold ? hiding.isQueued : hiding.confirmedAt !== NONE)) continue;
    if (hiding !== undefined && !isTold) doubtful++;
    if (changes.newest(conversation, sequence)?.isRecalled === true) {
      recalled++;
      if (isMember) continue;
      // Whoever left before was not told.
      doubtful++;
    }
    count++;
    if (sequence !== before + 1) ranges++;
    before = sequence;
  }
  // The oldest ranges are given up beyond a number of them: how many messages that were depends on the order of hiding.
  const isCapped = ranges + recalled + (hidden?.size ?? 0) > UNREAD_RANGES_MAX;
  const min = isCapped ? 0 : count - doubtful;
  if (unread >= min && unread <= count) return;
  findings.add("unread-drift", lastSequence, () => {
    const expected = min === count ? `a recount gives ${count}` : `a recount gives ${min} to ${count}`;
    return `${listed()} with ${unread} unread after ${readSequence}, where ${expected}.`;
  });
}
