/**
 * What was sent against what was placed: acknowledged sends have their place (I1), refused ones none (I1'), each at most
 * one (I2), with what was sent in it (I3), and those of one device in their order (I3').
 */
import { NO_CONTENT } from "../history/records.js";
import { NONE } from "../history/column.js";
import { OPERATION_KINDS, OUTCOME } from "../history/history.js";
import { PairMap } from "./pair-map.js";
import type { Places } from "./places.js";
import type { Story } from "./run.js";

const SEND = OPERATION_KINDS.indexOf("send");

export interface SendFigures {
  sendsOk: number;
  sendsFailed: number;
  sendsUnknown: number;
}

export function judgeSends(story: Story, places: Places): SendFigures {
  connect(story, places);
  const figures = { sendsOk: 0, sendsFailed: 0, sendsUnknown: 0 };
  const { operations } = story.history;
  const latest = new PairMap<{ sequence: number; operation: number }>();
  for (let operation = 0; operation < operations.at.length; operation++) {
    if (operations.kind.at(operation) !== SEND) continue;
    const outcome = operations.outcome.at(operation);
    if (outcome === OUTCOME.ok) figures.sendsOk++;
    else if (outcome === OUTCOME.failed) figures.sendsFailed++;
    else figures.sendsUnknown++;
    if (outcome === OUTCOME.ok) judgeAcknowledgement(story, places, operation);
    judgeOrder(story, places, { operation, latest });
  }
  return figures;
}

/** Finds the send of each placed message by its device, conversation and client message id. */
function connect(story: Story, places: Places): void {
  const { placed, operations, clientMessageIds } = story.history;
  // Sends with one client message id form a chain: nearly always of one.
  const heads = new Uint32Array(clientMessageIds.count).fill(NONE);
  const nexts = new Uint32Array(operations.at.length).fill(NONE);
  for (let operation = operations.at.length - 1; operation >= 0; operation--) {
    if (operations.kind.at(operation) !== SEND) continue;
    const name = operations.detail.at(operation);
    nexts[operation] = heads[name]!;
    heads[name] = operation;
  }
  for (let row = 0; row < placed.at.length; row++) {
    const device = placed.device.at(row);
    const conversation = placed.conversation.at(row);
    // Only the first telling of a place counts.
    if (device === NONE || places.rowOf[placed.message.at(row)] !== row) continue;
    let operation = heads[placed.clientMessageId.at(row)]!;
    while (operation !== NONE) {
      if (
        operations.device.at(operation) === device &&
        operations.conversation.at(operation) === conversation
      )
        break;
      operation = nexts[operation]!;
    }
    judgePlaced(story, places, { row, operation });
  }
}

function judgePlaced(
  { history, findings, speaker }: Story,
  places: Places,
  { row, operation }: { readonly row: number; readonly operation: number },
): void {
  const { placed, operations, devices } = history;
  const sequence = placed.sequence.at(row);
  const device = placed.device.at(row);
  if (devices[device]?.user !== placed.sender.at(row)) {
    findings.add(
      "wrong-sender",
      sequence,
      () => `${speaker.placed(row)} was sent by ${speaker.device(device)}.`,
    );
  }
  if (operation === NONE) {
    findings.add(
      "never-sent",
      sequence,
      () => `${speaker.placed(row)} was not sent by ${speaker.device(device)}.`,
    );
    return;
  }
  const other = places.rowOfSend[operation]!;
  if (other !== NONE) {
    findings.add("placed-twice", sequence, () => {
      const first = speaker.place(placed.conversation.at(other), placed.sequence.at(other));
      return `The ${speaker.operation(operation)} was placed at ${first} and at ${sequence}.`;
    });
  } else places.rowOfSend[operation] = row;
  places.sendOf[row] = operation;
  if (operations.outcome.at(operation) === OUTCOME.failed) {
    findings.add(
      "refused-seen",
      sequence,
      () => `The ${speaker.operation(operation)} was placed at ${sequence}.`,
    );
  }
  const content = operations.content.at(operation);
  if (content !== NO_CONTENT && content !== placed.content.at(row)) {
    findings.add(
      "other-content",
      sequence,
      () => `The ${speaker.operation(operation)} was placed at ${sequence} with another content.`,
    );
  }
}

function judgeAcknowledgement(
  { history, findings, speaker }: Story,
  places: Places,
  operation: number,
): void {
  const { placed, operations } = history;
  const sequence = operations.sequence.at(operation);
  const message = operations.message.at(operation);
  const conversation = operations.conversation.at(operation);
  const named = places.rowOf[message]!;
  const row = named === NONE ? places.rowOfSend[operation]! : named;
  const acknowledged = (): string =>
    `The ${speaker.operation(operation)} was acknowledged as ${speaker.message(message)} at ${sequence}`;
  if (row === NONE) {
    findings.add("lost", sequence, () => `${acknowledged()}, and no machine placed it.`);
    return;
  }
  const isElsewhere =
    placed.message.at(row) !== message ||
    placed.sequence.at(row) !== sequence ||
    placed.conversation.at(row) !== conversation;
  const holder = places.row(conversation, sequence);
  if (isElsewhere) {
    findings.add(
      "acknowledged-elsewhere",
      sequence,
      () => `${acknowledged()}, but it is ${speaker.placed(row)}.`,
    );
  } else if (placed.message.at(holder) !== message) {
    findings.add("lost", sequence, () => `${acknowledged()}, where ${speaker.placed(holder)} is.`);
  }
}

interface Latest {
  readonly operation: number;
  readonly latest: PairMap<{ sequence: number; operation: number }>;
}

/** Judged against acknowledged sends only: one of unknown outcome may come late, or never. */
function judgeOrder(
  { history, findings, speaker }: Story,
  places: Places,
  { operation, latest }: Latest,
): void {
  const { placed, operations } = history;
  const row = places.rowOfSend[operation]!;
  const isAcknowledged = operations.outcome.at(operation) === OUTCOME.ok;
  if (row === NONE && !isAcknowledged) return;
  const sequence = row === NONE ? operations.sequence.at(operation) : placed.sequence.at(row);
  const device = operations.device.at(operation);
  const conversation = operations.conversation.at(operation);
  const before = latest.find(device, conversation);
  if (before !== undefined && before.sequence > sequence) {
    const [earlier, earlierSequence] = [before.operation, before.sequence];
    findings.add(
      "sender-order",
      sequence,
      () =>
        `The ${speaker.operation(operation)} is at ${sequence}, before the earlier ` +
        `${speaker.operation(earlier)} at ${earlierSequence}.`,
    );
  }
  if (!isAcknowledged) return;
  if (before === undefined) latest.set(device, conversation, { sequence, operation });
  else if (sequence > before.sequence) {
    before.sequence = sequence;
    before.operation = operation;
  }
}
