/** What compressed packets save on a bad network, with what people really say: of a burst, and of the first list of a new device. */
import { parseUserId, type ConversationId } from "@parley/protocol";
import { type Served, serveHere } from "../load/served.js";
import { SlowProxy } from "../load/slow-proxy.js";
import { Talk } from "../load/talk.js";
import { pause } from "../pause.js";
import { thousandths } from "../rounding.js";
import type { Figures } from "../scenarios/direct-report.js";
import { whatIsSaid } from "../searching/said.js";
import { savedPercent } from "./ablation.js";
import { deviceOver, newDevice } from "./first-sync.js";
import { WEAK } from "./networks.js";

const CONVERSATIONS = 200;
const OLD_MESSAGES = 4_000;
const BURST_RATE = 50;
const BURST_MESSAGES = 500;
const [ANN, BOB] = [parseUserId("ann"), parseUserId("bob")];
const NOTHING = { epoch: 0, pts: 0 };

export async function packing(seed: number, say: (line: string) => void): Promise<Figures> {
  const { source, texts } = whatIsSaid(OLD_MESSAGES);
  say(`a new device and ${BURST_MESSAGES} messages on a bad network, packed and not (${source})`);
  const served = await serveHere();
  try {
    await served.token(ANN);
    await served.token(BOB);
    const talk = new Talk(served.parley);
    const conversations: ConversationId[] = [];
    for (let index = 0; index < CONVERSATIONS; index++) conversations.push(await talk.group([ANN, BOB]));
    for (const [index, text] of texts.entries())
      await talk.send(ANN, conversations[index % CONVERSATIONS]!, text);
    const first = (isPacking: boolean) => newDevice(served, BOB, NOTHING, { ...WEAK, seed, isPacking });
    const [firstOn, firstOff] = [await first(true), await first(false)];
    const on = await burst({ served, talk, texts, seed, isPacking: true });
    const off = await burst({ served, talk, texts, seed, isPacking: false });
    return {
      idea: "packing",
      work: `a new device with ${CONVERSATIONS} conversations, and ${BURST_MESSAGES} messages (${source}), ${BURST_RATE} a second, on 30 KB/s and ${WEAK.roundTripMs} ms`,
      bytes_to_usable_on: firstOn.usableBytes,
      bytes_to_usable_off: firstOff.usableBytes,
      usable_saved_pct: savedPercent(firstOn.usableBytes, firstOff.usableBytes),
      usable_s_on: firstOn.usableSeconds,
      usable_s_off: firstOff.usableSeconds,
      burst_bytes_on: on.bytes,
      burst_bytes_off: off.bytes,
      burst_saved_pct: savedPercent(on.bytes, off.bytes),
      behind_s_on: on.behindSeconds,
      behind_s_off: off.behindSeconds,
      packing_ms_per_s: on.packingMsPerSecond,
    };
  } finally {
    await served.close();
  }
}

interface BurstWork {
  readonly served: Served;
  readonly talk: Talk;
  readonly texts: readonly string[];
  readonly seed: number;
  readonly isPacking: boolean;
}

interface Burst {
  readonly bytes: number;
  /** From the last message to when it is shown. */
  readonly behindSeconds: number;
  readonly packingMsPerSecond: number;
}

async function burst({ served, talk, texts, seed, isPacking }: BurstWork): Promise<Burst> {
  const proxy = await SlowProxy.start({ ...WEAK, seed, serverPort: served.port });
  const client = await deviceOver({ proxy, served, userId: BOB, isPacking });
  try {
    await client.start();
    await client.settled(60_000);
    const conversationId = await talk.direct(ANN, BOB);
    const shown = (): string | undefined =>
      client.timeline(conversationId)?.messages.findLast(({ body }) => body?.text !== undefined)?.body?.text
        ?.text;
    // The network is measured by what comes before.
    for (let index = 0; index < 5; index++) {
      await talk.send(ANN, conversationId, `first ${index}`);
      await pause(500);
    }
    await client.open(conversationId);
    const before = { bytes: proxy.bytes.down, workMs: served.packer.counts.workMs };
    const beganMs = performance.now();
    for (let sent = 0; sent < BURST_MESSAGES; sent++) {
      await pause(Math.max(0, beganMs + (sent * 1000) / BURST_RATE - performance.now()));
      await talk.send(ANN, conversationId, sent === BURST_MESSAGES - 1 ? "the end" : texts[sent]!);
    }
    const endedMs = performance.now();
    while (shown() !== "the end") await pause(5);
    await client.settled(60_000);
    return {
      bytes: proxy.bytes.down - before.bytes,
      behindSeconds: thousandths((performance.now() - endedMs) / 1000),
      packingMsPerSecond: thousandths(
        (served.packer.counts.workMs - before.workMs) / ((endedMs - beganMs) / 1000),
      ),
    };
  } finally {
    await client.stop();
    await proxy.close();
  }
}
