/**
 * The format of IRC channel logs, as the public #ubuntu logs have it. The date is in the file's name; times are UTC.
 *
 *   [HH:MM] <nick> text            a message
 *   [HH:MM]  * nick text           an action: "/me text"
 *   === nick [host] has joined …   an event, which has no time
 */
import { TEXT_BYTES_MAX, type User, type UserId, parseUserId } from "@parley/protocol";

export interface LogMessage {
  readonly senderId: UserId;
  readonly timeMs: number;
  readonly text: string;
}

export interface MalformedLine {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

export interface IrcLog {
  /** In the order of the file. */
  readonly messages: readonly LogMessage[];
  /** Everyone who wrote, in the order of their first messages; the name is the nick. */
  readonly nicks: readonly Pick<User, "userId" | "name">[];
  readonly lineCount: number;
  readonly eventCount: number;
  readonly malformed: readonly MalformedLine[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A clock that seems to go back further than this has passed midnight; less is a clock that was set. */
const ROLLOVER_MS = DAY_MS / 2;

const LINE = /^\[(\d\d):(\d\d)\] (?:<([^>]+)>(?: (.*))?| \* (\S+)(?: (.*))?)$/s;
const DATE = /(?:^|\D)(\d{4})-(\d\d)-(\d\d)(?:\D|$)/;

/** Midnight (UTC) of the day in a file's name, or undefined when it holds no valid date. */
export function findDay(fileName: string): number | undefined {
  const [, year, month, day] = DATE.exec(fileName) ?? [];
  if (year === undefined) return undefined;
  const dayMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // February 30 would become a day in March.
  return new Date(dayMs).toISOString().startsWith(`${year}-${month}-${day}`) ? dayMs : undefined;
}

/** Reads a log that begins on the day of `dayMs`. Lines that cannot be read are reported and left out; it never throws. */
export function parseIrcLog(content: string, dayMs: number): IrcLog {
  const lines = content.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const messages: LogMessage[] = [];
  const malformed: MalformedLine[] = [];
  const nicks = new Map<UserId, string>();
  let eventCount = 0;
  let startMs = dayMs;
  let lastMs = dayMs;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("===")) {
      eventCount += 1;
      continue;
    }
    const parsed = parseLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (typeof parsed === "string") {
      malformed.push({ line: index + 1, reason: parsed });
      continue;
    }
    let timeMs = startMs + parsed.timeOfDayMs;
    if (timeMs < lastMs - ROLLOVER_MS) {
      startMs += DAY_MS;
      timeMs += DAY_MS;
    }
    lastMs = timeMs;
    if (!nicks.has(parsed.senderId)) nicks.set(parsed.senderId, parsed.nick);
    messages.push({ senderId: parsed.senderId, timeMs, text: parsed.text });
  }
  return {
    messages,
    nicks: Array.from(nicks, ([userId, name]) => ({ userId, name })),
    lineCount: lines.length,
    eventCount,
    malformed,
  };
}

interface ParsedLine {
  readonly senderId: UserId;
  readonly nick: string;
  readonly timeOfDayMs: number;
  readonly text: string;
}

// A text is the reason why the line is none.
function parseLine(line: string): ParsedLine | string {
  const match = LINE.exec(line);
  if (match === null) return "neither a message, an action nor an event";
  const [, hours, minutes, nick = match[5]!, said, , done] = match;
  if (Number(hours) > 23 || Number(minutes) > 59) return "no time of day";
  const text = match[3] === undefined ? `/me ${done ?? ""}` : (said ?? "");
  if ((said ?? done ?? "").trim() === "") return "a message without text";
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) return `a text of more than ${TEXT_BYTES_MAX} bytes`;
  try {
    const timeOfDayMs = Number(hours) * 60 * MINUTE_MS + Number(minutes) * MINUTE_MS;
    return { senderId: userIdOf(nick), nick, timeOfDayMs, text };
  } catch {
    return "a nick that is too long for a user id";
  }
}

/**
 * The user of a nick: the nick itself, with what an id may not hold as "=" and two hexadecimal digits a byte, so that two
 * nicks are never one user. Errors: "bad-request" when that is too long.
 */
export function userIdOf(nick: string): UserId {
  const escaped = nick.replaceAll(/[^A-Za-z0-9!#$&()*+,\-.;<>?@[\\\]^_`{|}]/gu, (letter) =>
    Array.from(Buffer.from(letter), (byte) => `=${byte.toString(16).padStart(2, "0")}`).join(""),
  );
  return parseUserId(escaped);
}
