/** What people of a team do in a day: from real logs of a channel where they are at hand, otherwise from a seed. */
import { readFileSync, readdirSync } from "node:fs";
import { partitionOf } from "@parley/base";
import { CHAT_LOGS } from "../chat-logs.js";
import { seededUnit } from "../seeded-unit.js";

const SAID = /^\[\d\d:\d\d\] <([^>]+)> (.*)$/;
const JOINED = /^=== (\S+) .*has joined/;
/** Without logs: of a hundred messages, before how many a device of somebody comes or goes. */
const COMINGS_PERCENT = 10;

export interface Step {
  readonly kind: "says" | "comes or goes";
  readonly who: number;
  /** To one alone, or which of the two devices. */
  readonly to: number | undefined;
}

/** So many messages of so many people, with the comings and goings of their devices between them. */
export function traceOf(people: number, messages: number, seed: number): readonly Step[] {
  const lines = logLines();
  return lines.length === 0 ? invented(people, messages, seed) : replayed(lines, people, messages);
}

/** Who speaks in the channel speaks in the group; who names somebody first, as one does there, writes to this one alone. */
function replayed(lines: readonly string[], people: number, messages: number): readonly Step[] {
  const steps: Step[] = [];
  let said = 0;
  for (const line of lines) {
    if (said >= messages) break;
    const message = SAID.exec(line);
    const joined = JOINED.exec(line);
    if (message !== null) {
      said += 1;
      const who = partitionOf(message[1]!, people);
      const named = /^(\S+)[:,] /.exec(message[2]!);
      const to = named === null ? undefined : partitionOf(named[1]!, people);
      steps.push({ kind: "says", who, to: to === who ? undefined : to });
    } else if (joined !== null) {
      const who = partitionOf(joined[1]!, people);
      steps.push({ kind: "comes or goes", who, to: joined[1]!.length % 2 });
    }
  }
  return steps;
}

function invented(people: number, messages: number, seed: number): readonly Step[] {
  const random = seededUnit(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  return Array.from({ length: messages }, (): readonly Step[] => {
    const who = pick(people);
    const other = pick(people);
    const says: Step = { kind: "says", who, to: random() < 0.5 && other !== who ? other : undefined };
    if (random() * 100 >= COMINGS_PERCENT) return [says];
    return [{ kind: "comes or goes", who: pick(people), to: pick(2) }, says];
  }).flat();
}

function logLines(): readonly string[] {
  try {
    const files = readdirSync(CHAT_LOGS).filter((name) => name.endsWith(".txt"));
    return files.toSorted().flatMap((name) => readFileSync(`${CHAT_LOGS}/${name}`, "utf8").split("\n"));
  } catch {
    return [];
  }
}
