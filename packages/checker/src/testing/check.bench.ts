/**
 * How fast a history is recorded and judged: `node packages/checker/dist/testing/check.bench.js [sends]`, after
 * `npm run build`. Groups of five members with a device each: a million sends are five million deliveries. Prints JSON.
 */
import type { ConversationId, TenantId, UserId } from "@parley/protocol";
import { check } from "../check.js";
import { contentOf } from "../history/content.js";
import { HistoryRecorder } from "../history/recorder.js";
import type {
  ConversationIndex,
  DeviceIndex,
  MemberSetIndex,
  SeenMessage,
  UserIndex,
} from "../history/records.js";

const MEMBERS = 5;
const GROUPS = 2_000;
const USERS = 2_000;
const EPOCH = 1_790_000_000_001;
const MIB = 1024 * 1024;

const sends = Number(process.argv[2] ?? 1_000_000);
const started = performance.now();
const recorder = new HistoryRecorder();
const pts = new Uint32Array(USERS);
record();
const recorded = performance.now();
const report = check(recorder.history);
const judged = performance.now();
const usage = process.memoryUsage();
console.log(
  JSON.stringify({
    sends: report.figures.sendsOk,
    deliveries: report.figures.deliveries,
    anomalies: report.anomalies,
    record_seconds: seconds(recorded - started),
    check_seconds: seconds(judged - recorded),
    rss_mib: Math.round(process.resourceUsage().maxRSS / 1024),
    heap_mib: Math.round((usage.heapUsed + usage.arrayBuffers) / MIB),
  }),
);

function record(): void {
  const tenant = "acme" as TenantId;
  const users = Array.from({ length: USERS }, (_, index) => recorder.user(tenant, `user-${index}` as UserId));
  const devices = users.map((user) => recorder.device(user, "phone"));
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    const members = Array.from({ length: MEMBERS }, (__, member) => (index * 7 + member * 311) % USERS);
    const conversation = recorder.conversation(tenant, `g:${index}` as ConversationId);
    for (const member of members) {
      const user = users[member]!;
      recorder.memberJoined({ conversation, user, firstVisible: 1, lastSequence: 0 });
    }
    return {
      conversation,
      members,
      set: recorder.memberSet(members.map((member) => users[member]!)),
      messages: [],
    };
  });
  for (const device of devices) recorder.rebased({ device, epoch: EPOCH, pts: 0, entries: [] });
  for (let send = 0; send < sends; send++) recordSend(groups[send % GROUPS]!, send, { users, devices });
  for (const { conversation, members, messages } of groups)
    for (const member of members)
      recorder.finalMessages({ device: devices[member]!, conversation, messages });
  recorder.healed(0);
  for (const device of devices) recorder.drained(device, 0);
}

interface Group {
  readonly conversation: ConversationIndex;
  readonly members: readonly number[];
  readonly set: MemberSetIndex;
  readonly messages: SeenMessage[];
}

function recordSend(
  group: Group,
  send: number,
  { users, devices }: { readonly users: readonly UserIndex[]; readonly devices: readonly DeviceIndex[] },
): void {
  const { conversation, members, set: memberSet, messages } = group;
  const from = members[send % MEMBERS]!;
  const [sender, device] = [users[from]!, devices[from]!];
  const clientMessageId = `01J9Z3K8T5QW-${send}`;
  const messageId = `01J9Z3K8T5QWERTY${String(send).padStart(10, "0")}`;
  const content = contentOf(clientMessageId);
  const sequence = messages.length + 1;
  const operation = recorder.sendInvoked({ device, conversation, clientMessageId, content, timeMs: send });
  recorder.messagePlaced({
    conversation,
    sequence,
    messageId,
    sender,
    device,
    clientMessageId,
    members: memberSet,
    isCountable: true,
    content,
  });
  recorder.sendOk(operation, { messageId, sequence, timeMs: send });
  for (const member of members) {
    const position = { epoch: EPOCH, pts: ++pts[member]! };
    recorder.eventAssigned({
      user: users[member]!,
      ...position,
      kind: "message",
      conversation,
      sequence,
      content,
    });
    recorder.eventApplied({ device: devices[member]!, ...position, content });
  }
  messages.push({ sequence, messageId, content });
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
