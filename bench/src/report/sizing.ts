/** How large a machine has to be for so many people, with the arithmetic that leads there. */
import { amount } from "../growth/fit.js";
import { markdownTable } from "./table.js";

/** Of the server, as they were measured. */
export interface SizingFigures {
  /** Resident memory without connections, and under full load. */
  readonly memoryMb: number;
  readonly memoryLoadedMb: number;
  readonly connectionKb: number;
  /** Processor time of a message at a moderate rate, at which few share a sync. */
  readonly messageMicroseconds: number;
  /** Of a message to one more connected device. */
  readonly deliveryMicroseconds: number;
  /** With all windows full. */
  readonly messagesPerSecondMax: number;
  readonly messageBytes: number;
}

/** What people do; to be replaced by what is known of them. */
export const HABITS = {
  /** Connected at the busiest time. */
  devicesPerPerson: 1.5,
  /** On a working day. */
  messagesPerPerson: 40,
  workingDays: 250,
  /** Of the day's messages. */
  busiestHourShare: 0.2,
  /** To the mean of that hour. */
  busiestMinuteTimes: 3,
  /** Connected devices that a message reaches beside the first. */
  devicesPerMessage: 10,
} as const;

/** Of the processor that runs the server's JavaScript: beyond it, latencies grow. */
const BUSY_SHARE_MAX = 0.5;
const SECONDS_PER_HOUR = 3_600;
const KILOBYTES_PER_GIGABYTE = 1024 * 1024;
const BYTES_PER_GIGABYTE = 1024 ** 3;
const PEOPLE = [1_000, 10_000, 50_000] as const;

export interface Deployment {
  readonly people: number;
  readonly connections: number;
  readonly memoryGb: number;
  readonly messagesPerSecond: number;
  /** Of one processor. */
  readonly busyShare: number;
  readonly diskGbPerYear: number;
  readonly fits: boolean;
}

export function deploymentFor(people: number, figures: SizingFigures): Deployment {
  const connections = people * HABITS.devicesPerPerson;
  const messagesPerDay = people * HABITS.messagesPerPerson;
  const messagesPerSecond =
    (messagesPerDay * HABITS.busiestHourShare * HABITS.busiestMinuteTimes) / SECONDS_PER_HOUR;
  const microseconds = figures.messageMicroseconds + HABITS.devicesPerMessage * figures.deliveryMicroseconds;
  const busyShare = (messagesPerSecond * microseconds) / 1e6;
  return {
    people,
    connections,
    memoryGb: figures.memoryLoadedMb / 1024 + (connections * figures.connectionKb) / KILOBYTES_PER_GIGABYTE,
    messagesPerSecond,
    busyShare,
    diskGbPerYear: (messagesPerDay * HABITS.workingDays * figures.messageBytes) / BYTES_PER_GIGABYTE,
    fits: busyShare <= BUSY_SHARE_MAX,
  };
}

/** The whole section, as lines of Markdown. */
export function sizingLines(figures: SizingFigures): string[] {
  const { connectionKb, messageMicroseconds, deliveryMicroseconds, memoryLoadedMb, messageBytes } = figures;
  const perGigabyte = KILOBYTES_PER_GIGABYTE / connectionKb;
  const perCore = 1e6 / messageMicroseconds;
  const h = HABITS;
  const [example] = PEOPLE.map((people) => deploymentFor(people, figures));
  const each = messageMicroseconds + h.devicesPerMessage * deliveryMicroseconds;
  return [
    `- **Connections**: ${amount(connectionKb)} KB each, so ${amount(1024 * 1024)} KB / ${amount(connectionKb)} KB = **${whole(perGigabyte)} devices per GB**, beside ${amount(figures.memoryMb)} MB of the process (${amount(memoryLoadedMb)} MB at full load). What the kernel keeps for its sockets is not in it.`,
    `- **Messages**: ${amount(messageMicroseconds)} µs of processor time each at 1,000 a second, so 1,000,000 µs / ${amount(messageMicroseconds)} µs = **${whole(perCore)} messages a second per core**; at full load, when many share a sync of the disk, ${whole(figures.messagesPerSecondMax)} were measured. Most of it runs on one processor: more of them do not help one server much. Plan for half of it.`,
    `- **Deliveries**: ${amount(deliveryMicroseconds)} µs for each further connected device that a message reaches.`,
    `- **Disk**: ${amount(messageBytes)} bytes a message, so 1 GB holds ${whole(BYTES_PER_GIGABYTE / messageBytes)} messages. Keep as much free again for compaction and backups.`,
    "",
    `Suppose that everybody has ${h.devicesPerPerson} devices connected at the busiest time and writes ${h.messagesPerPerson} messages on each of ${h.workingDays} working days, a fifth of them (${h.busiestHourShare}) in the busiest hour, in whose busiest minute ${h.busiestMinuteTimes} times as many are written as on average, and that a message reaches ${h.devicesPerMessage} more connected devices. For ${whole(example!.people)} people:`,
    "",
    `- connections: ${whole(example!.people)} × ${h.devicesPerPerson} = ${whole(example!.connections)}`,
    `- memory: ${amount(memoryLoadedMb)} MB + ${whole(example!.connections)} × ${amount(connectionKb)} KB = ${amount(example!.memoryGb)} GB`,
    `- messages a second at the peak: ${whole(example!.people)} × ${h.messagesPerPerson} × ${h.busiestHourShare} × ${h.busiestMinuteTimes} / ${whole(SECONDS_PER_HOUR)} s = ${amount(example!.messagesPerSecond)}`,
    `- processor: ${amount(example!.messagesPerSecond)} × (${amount(messageMicroseconds)} + ${h.devicesPerMessage} × ${amount(deliveryMicroseconds)}) µs = ${amount(example!.messagesPerSecond)} × ${amount(each)} µs = ${percent(example!.busyShare)} of one`,
    `- disk in a year: ${whole(example!.people)} × ${h.messagesPerPerson} × ${h.workingDays} × ${amount(messageBytes)} bytes = ${amount(example!.diskGbPerYear)} GB`,
    "",
    ...markdownTable(
      [
        "people",
        "connections",
        "memory",
        "messages a second",
        "of one processor",
        "disk in a year",
        "one server",
      ],
      PEOPLE.map((people) => deploymentRow(deploymentFor(people, figures))),
    ),
    `"One server" is said where the peak takes at most ${percent(BUSY_SHARE_MAX)} of one processor. Pictures and files are not in the disk: count them apart.`,
    "",
  ];
}

function deploymentRow(found: Deployment): string[] {
  return [
    whole(found.people),
    whole(found.connections),
    `${amount(found.memoryGb)} GB`,
    amount(found.messagesPerSecond),
    percent(found.busyShare),
    `${amount(found.diskGbPerYear)} GB`,
    found.fits ? "enough" : "not enough at the peak",
  ];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function percent(share: number): string {
  return `${amount(share * 100)}%`;
}
