/**
 * What devices hold at the end: all that their user may see (I1, I1''), once (I2), in order (I3), but for what the user
 * hid or what is gone, and only that (I8). Of a device that could not drain only what is below the highest message it holds is judged.
 */
import { NONE } from "../history/column.js";
import { OUTCOME } from "../history/history.js";
import { lossOf, sentBy } from "./deliveries.js";
import { NOWHERE, type Run } from "./run.js";
import { judgeSight } from "./sights.js";

export function judgeFinals(run: Run): void {
  const { finals } = run.history;
  if (finals.at.length === 0) return;
  const listed = new Set<string>();
  for (let final = 0; final < finals.at.length; final++) {
    const device = finals.device.at(final);
    const conversation = finals.conversation.at(final);
    const [view, count] = [finals.view.at(final), finals.count.at(final)];
    listed.add(`${device}/${conversation}`);
    judgeSight(run, { device, conversation, view, count });
    judgeOrder(run, final);
    judgeHidden(run, final);
    judgeKept(run, final);
    judgeStates(run, final);
    judgeComplete(run, final);
  }
  judgeListed(run, listed);
}

function judgeOrder({ history, findings, speaker }: Run, final: number): void {
  const { finals, views } = history;
  const conversation = finals.conversation.at(final);
  const view = finals.view.at(final);
  for (let row = view + 1; row < view + finals.count.at(final); row++) {
    const sequence = views.sequence.at(row);
    const before = views.sequence.at(row - 1);
    if (sequence > before) continue;
    findings.add(
      sequence === before ? "held-twice" : "view-order",
      sequence,
      () =>
        `${speaker.device(finals.device.at(final))} holds ${speaker.place(conversation, sequence)} after ${before}.`,
    );
  }
}

function judgeHidden({ history, findings, speaker, hidings }: Run, final: number): void {
  const { finals, views, devices, drainedMs } = history;
  const device = finals.device.at(final);
  const conversation = finals.conversation.at(final);
  const hidden = hidings.of(conversation, devices[device]!.user);
  if (hidden === undefined || !drainedMs.has(device)) return;
  const view = finals.view.at(final);
  for (let row = view; row < view + finals.count.at(final); row++) {
    const sequence = views.sequence.at(row);
    const hiding = hidden.get(sequence);
    if (hiding === undefined || (hiding.confirmedAt === NONE && !hiding.isQueued)) continue;
    findings.add(
      "hidden-shown",
      sequence,
      () =>
        `${speaker.device(device)} holds ${speaker.place(conversation, sequence)}, which the user had hidden.`,
    );
  }
}

/** Whoever left was not told what has gone since. */
function judgeKept(run: Run, final: number): void {
  const { history, findings, speaker, trims } = run;
  const { finals, views, drainedMs } = history;
  const device = finals.device.at(final);
  const conversation = finals.conversation.at(final);
  if (!drainedMs.has(device) || firstVisibleOf(run, final) === undefined) return;
  const firstKept = trims.firstKept(conversation);
  const view = finals.view.at(final);
  for (let row = view; row < view + finals.count.at(final); row++) {
    const sequence = views.sequence.at(row);
    if (sequence >= firstKept) continue;
    findings.add(
      "trimmed-shown",
      sequence,
      () =>
        `${speaker.device(device)} holds ${speaker.place(conversation, sequence)}, though messages are kept ` +
        `from ${firstKept} on.`,
    );
  }
}

/** Who is a member has been told of every change. */
function judgeStates(run: Run, final: number): void {
  const { history, findings, speaker, changes } = run;
  const { finals, views, drainedMs } = history;
  const device = finals.device.at(final);
  const conversation = finals.conversation.at(final);
  if (!drainedMs.has(device) || firstVisibleOf(run, final) === undefined) return;
  const view = finals.view.at(final);
  for (let row = view; row < view + finals.count.at(final); row++) {
    const sequence = views.sequence.at(row);
    const newest = changes.newest(conversation, sequence);
    if (newest === undefined || newest.content === views.content.at(row)) continue;
    findings.add(
      "old-state",
      sequence,
      () =>
        `${speaker.device(device)} holds ${speaker.place(conversation, sequence)} as it was before it was ` +
        `${newest.isRecalled ? "recalled" : "edited"} (revision ${newest.revision}).`,
    );
  }
}

function judgeComplete(run: Run, final: number): void {
  const { history, findings, speaker, places, hidings, trims } = run;
  const { finals, views, devices, drainedMs } = history;
  const device = finals.device.at(final);
  const conversation = finals.conversation.at(final);
  const { user } = devices[device]!;
  const visible = firstVisibleOf(run, final);
  if (visible === undefined) return;
  const firstVisible = Math.max(visible, trims.firstKept(conversation));
  const view = finals.view.at(final);
  const end = view + finals.count.at(final);
  const hidden = hidings.of(conversation, user);
  const isDrained = drainedMs.has(device);
  let highest = 0;
  for (let row = view; row < end; row++) highest = Math.max(highest, views.sequence.at(row));
  let row = view;
  let held: Set<number> | undefined;
  for (let sequence = firstVisible; sequence <= places.last(conversation); sequence++) {
    while (row < end && views.sequence.at(row) < sequence) row++;
    const place = places.row(conversation, sequence);
    const isThere = row < end && views.sequence.at(row) === sequence;
    // Another message may be in its place: that is a conflict, and an acknowledged one is lost.
    if (isThere && (place === NONE || !isDisplaced(run, place, row))) continue;
    if (place === NONE || hidden?.has(sequence) === true || !places.isFor(place, user)) continue;
    // A list that is out of order may have it elsewhere.
    held ??= new Set(Array.from({ length: end - view }, (_, index) => views.sequence.at(view + index)));
    if (!isThere && held.has(sequence)) continue;
    if (!isDrained && sequence > highest) {
      run.unseen++;
      continue;
    }
    const other = hidings.findOther(conversation, sequence, user);
    findings.add(
      other === undefined ? lossOf(run, place) : "hidden-for-others",
      sequence,
      () =>
        `${speaker.device(device)} does not hold ${speaker.placed(place)}` +
        (other === undefined ? `${sentBy(run, place)}.` : `, which only ${speaker.user(other)} had hidden.`),
    );
  }
}

function isDisplaced({ history, places }: Run, place: number, view: number): boolean {
  const { views, placed, operations } = history;
  if (views.message.at(view) === placed.message.at(place)) return false;
  const send = places.sendOf[place]!;
  return send !== NONE && operations.outcome.at(send) === OUTCOME.ok;
}

/**
 * From where on a device sees the conversation; undefined when its user is no member any more, or when it has not been told yet
 * that its user is one again.
 */
function firstVisibleOf({ history, memberships, firstVisibles }: Run, final: number): number | undefined {
  const { devices, drainedMs, finals } = history;
  const device = finals.device.at(final);
  const conversation = finals.conversation.at(final);
  const listed = firstVisibles.find(conversation, device);
  if (listed === NOWHERE && !drainedMs.has(device)) return undefined;
  if (memberships.isTold) return memberships.current(conversation, devices[device]!.user)?.firstVisible;
  return listed === NOWHERE ? undefined : listed;
}

/** Every conversation of a user is on every device that drained. */
function judgeListed({ history, findings, speaker, memberships }: Run, listed: ReadonlySet<string>): void {
  const devicesOf = new Map<number, number[]>();
  for (const device of history.drainedMs.keys()) {
    const { user } = history.devices[device]!;
    const devices = devicesOf.get(user) ?? [];
    devices.push(device);
    devicesOf.set(user, devices);
  }
  for (const [conversation, user] of memberships.periods.entries()) {
    if (memberships.current(conversation, user) === undefined) continue;
    for (const device of devicesOf.get(user) ?? []) {
      if (listed.has(`${device}/${conversation}`)) continue;
      findings.add(
        "conversation-missing",
        conversation,
        () => `${speaker.device(device)} does not list ${speaker.conversation(conversation)}.`,
      );
    }
  }
}
