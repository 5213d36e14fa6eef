/**
 * What synchronisation saves: events that are pushed without reading the queue, events that share a frame on a bad network, and a
 * new device that begins from what is newest instead of all that was ever told. Each over the real wire.
 */
import { type ConversationId, type UserId, parseUserId } from "@parley/protocol";
import { RawClient } from "../load/raw-client.js";
import { type Served, serveHere } from "../load/served.js";
import { SlowProxy } from "../load/slow-proxy.js";
import { Talk } from "../load/talk.js";
import { pause } from "../pause.js";
import { hundredths } from "../rounding.js";
import { seededUnit } from "../seeded-unit.js";
import { whatIsSaid } from "../searching/said.js";
import { savedPercent } from "./ablation.js";
import { newDevice } from "./first-sync.js";
import { FAR, WEAK } from "./networks.js";
import { packing } from "./packing.js";
import { traceOf } from "./trace.js";
import type { Figures } from "../scenarios/direct-report.js";

const TEXT_BYTES = 200;
const TEXT = "x".repeat(TEXT_BYTES);

export interface SyncingPlan {
  readonly seed: number;
  /** Old events of the user whose new device comes. */
  readonly events: number;
}

export async function syncingIdeas(
  plan: SyncingPlan,
  say: (line: string) => void,
): Promise<readonly Figures[]> {
  return [
    await plusOnePush(plan.seed, say),
    await packetMerge(plan.seed, say),
    await rebase(plan, say),
    await packing(plan.seed, say),
  ];
}

// plus_one_push

const PEOPLE = 40;
const DAY_MESSAGES = 4_000;

/**
 * A day of a team: forty people with a phone and a laptop each, in a group of all and in direct chats, whose devices come and go.
 * Reads of queues are counted, of devices that catch up and of events that are pushed.
 */
async function plusOnePush(seed: number, say: (line: string) => void): Promise<Figures> {
  say(
    `${DAY_MESSAGES} messages between ${PEOPLE} people whose devices come and go, pushed from memory and read`,
  );
  const on = await aDay(seed, true);
  const off = await aDay(seed, false);
  return {
    idea: "plus_one_push",
    work: `${DAY_MESSAGES} messages between ${PEOPLE} people with two devices each, which come and go ${on.comings} times`,
    queue_reads_on: on.reads,
    queue_reads_off: off.reads,
    saved_pct: savedPercent(on.reads, off.reads),
    events_on: on.events,
    events_off: off.events,
  };
}

async function aDay(
  seed: number,
  isFromMemory: boolean,
): Promise<{ readonly reads: number; readonly events: number; readonly comings: number }> {
  const served = await serveHere({ pushing: { isFromMemory } });
  try {
    const people = Array.from({ length: PEOPLE }, (_, index) => parseUserId(`p${index}`));
    const url = `ws://127.0.0.1:${served.port}/v1/ws`;
    const devices: ADevice[] = [];
    for (const userId of people)
      for (let device = 0; device < 2; device++)
        devices.push(new ADevice(url, await served.token(userId), userId));
    const talk = new Talk(served.parley);
    const group = await talk.group(people);
    for (const device of devices) await device.come();
    const before = queueReads(served);
    const steps = traceOf(PEOPLE, DAY_MESSAGES, seed);
    for (const { kind, who, to } of steps) {
      if (kind === "comes or goes") await devices[who * 2 + (to ?? 0)]!.comeOrGo();
      else
        await talk.send(
          people[who]!,
          to === undefined ? group : await talk.direct(people[who]!, people[to]!),
          TEXT,
        );
    }
    const comings = steps.filter(({ kind }) => kind === "comes or goes").length;
    for (const device of devices) await device.caughtUp();
    const reads = queueReads(served) - before;
    const events = devices.reduce((sum, device) => sum + device.events, 0);
    for (const device of devices) await device.go();
    return { reads, events, comings };
  } finally {
    await served.close();
  }
}

function queueReads({ parley }: Served): number {
  return (
    parley.tableStatistics(0).tables.find(({ table }) => table === "sync-queue")?.total.readRequests ?? 0
  );
}

/** A device that keeps its position. */
class ADevice {
  readonly #url: string;
  readonly #token: string;
  readonly userId: UserId;
  #client: RawClient | undefined;
  #position = { epoch: 0, pts: 0 };
  events = 0;

  constructor(url: string, token: string, userId: UserId) {
    this.#url = url;
    this.#token = token;
    this.userId = userId;
  }

  async come(): Promise<void> {
    const onPush = (): void => void (this.events += 1);
    this.#client = await RawClient.connect({ url: this.#url, token: this.#token, ...this.#position, onPush });
    await this.#client.caughtUp();
  }

  async go(): Promise<void> {
    if (this.#client === undefined) return;
    this.#position = this.#client.position;
    await this.#client.close();
    this.#client = undefined;
  }

  comeOrGo(): Promise<void> {
    return this.#client === undefined ? this.come() : this.go();
  }

  async caughtUp(): Promise<void> {
    if (this.#client !== undefined) await this.#client.caughtUp();
  }
}

// packet_merge

const BURST_RATE = 50;
const BURST_MESSAGES = 500;

/** A device on a bad network, while a group says fifty messages a second: WebSocket messages and bytes that it gets. */
async function packetMerge(seed: number, say: (line: string) => void): Promise<Figures> {
  say(
    `${BURST_MESSAGES} messages in ${BURST_MESSAGES / BURST_RATE} s to a device on a bad network, merged and not`,
  );
  const on = await burst(seed, true);
  const off = await burst(seed, false);
  return {
    idea: "packet_merge",
    work: `${BURST_MESSAGES} messages of ${TEXT_BYTES} bytes, ${BURST_RATE} a second, to a device with ${WEAK.roundTripMs} ms round trip and 30 KB/s`,
    frames_on: on.frames,
    frames_off: off.frames,
    times_fewer_frames: hundredths(off.frames / on.frames),
    saved_pct: savedPercent(on.frames, off.frames),
    // With what TCP and IP add to each.
    wire_bytes_on: on.bytes + on.frames * PACKET_HEADER_BYTES,
    wire_bytes_off: off.bytes + off.frames * PACKET_HEADER_BYTES,
    bytes_saved_pct: savedPercent(
      on.bytes + on.frames * PACKET_HEADER_BYTES,
      off.bytes + off.frames * PACKET_HEADER_BYTES,
    ),
    events_on: on.events,
    events_off: off.events,
  };
}

const PACKET_HEADER_BYTES = 52;

interface Burst {
  readonly frames: number;
  readonly bytes: number;
  readonly events: number;
}

async function burst(seed: number, isMerging: boolean): Promise<Burst> {
  const served = await serveHere({ pushing: { isMerging } });
  const proxy = await SlowProxy.start({ ...WEAK, seed, serverPort: served.port });
  try {
    const [ann, bob] = [parseUserId("ann"), parseUserId("bob")];
    const counted = { frames: 0, bytes: 0, events: 0 };
    const token = await served.token(bob);
    await served.token(ann);
    const client = await RawClient.connect({
      url: `${proxy.url.replace("http", "ws")}/v1/ws`,
      token,
      onPush: () => void (counted.events += 1),
      onPacket: (direction, packet) => {
        if (direction === "to-server") return;
        counted.frames += 1;
        counted.bytes += packet.length;
      },
    });
    const talk = new Talk(served.parley);
    const conversationId = await talk.direct(ann, bob);
    // The network is measured by what comes before.
    for (let index = 0; index < 5; index++) {
      await talk.send(ann, conversationId, TEXT);
      await pause(500);
    }
    Object.assign(counted, { frames: 0, bytes: 0, events: 0 });
    const beganMs = performance.now();
    for (let sent = 0; sent < BURST_MESSAGES; sent++) {
      await pause(Math.max(0, beganMs + (sent * 1000) / BURST_RATE - performance.now()));
      await talk.send(ann, conversationId, TEXT);
    }
    while (counted.events < BURST_MESSAGES) await pause(50);
    await client.close();
    return counted;
  } finally {
    await proxy.close();
    await served.close();
  }
}

// rebase

const CONVERSATIONS = 500;
const TEXTS = 10_000;

/** What a new device fetches until its list and the newest messages of the first conversation are shown, on a bad network. */
async function rebase({ seed, events }: SyncingPlan, say: (line: string) => void): Promise<Figures> {
  say(`${events} old events in ${CONVERSATIONS} conversations, then a new device`);
  const served = await serveHere({ pushing: { isRebasing: false } });
  try {
    const [ann, bob] = [parseUserId("ann"), parseUserId("bob")];
    await served.token(ann);
    await served.token(bob);
    const talk = new Talk(served.parley);
    const conversations: ConversationId[] = [];
    for (let index = 0; index < CONVERSATIONS; index++) conversations.push(await talk.group([ann, bob]));
    const random = seededUnit(seed);
    const { texts } = whatIsSaid(TEXTS);
    for (let sent = 0; sent < events; sent += 64)
      await Promise.all(
        Array.from({ length: 64 }, (_, index) =>
          talk.send(
            ann,
            conversations[Math.floor(random() ** 2 * CONVERSATIONS)]!,
            texts[(sent + index) % texts.length]!,
          ),
        ),
      );
    const nothing = { epoch: 0, pts: 0 };
    const on = await newDevice(served, bob, nothing, { ...WEAK, seed });
    const off = await newDevice(served, bob, { epoch: served.parley.epoch, pts: 0 }, { ...WEAK, seed });
    // As many round trips as the time, where nothing else takes any.
    const far = await newDevice(served, bob, nothing, { ...FAR, seed });
    return {
      idea: "rebase",
      work: `a new device of a user with ${CONVERSATIONS} conversations and ${events} old events, on 30 KB/s and ${WEAK.roundTripMs} ms`,
      bytes_to_usable_on: on.usableBytes,
      bytes_to_usable_off: off.usableBytes,
      saved_pct: savedPercent(on.usableBytes, off.usableBytes),
      usable_s_on: on.usableSeconds,
      usable_s_off: off.usableSeconds,
      round_trips_on: hundredths((far.usableSeconds * 1000) / FAR.roundTripMs),
      whole_list_bytes_on: on.allBytes,
      whole_list_s_on: on.allSeconds,
    };
  } finally {
    await served.close();
  }
}
