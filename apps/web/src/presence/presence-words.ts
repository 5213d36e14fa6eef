/** The words of who is there and who types. They come with the code that says them, and not with the others. */
import type { LanguageName } from "../preferences/preferences.js";

export interface PresenceWords {
  readonly states: Readonly<Record<"online" | "away" | "offline", string>>;
  readonly seenNow: string;
  readonly seenMinutes: (count: number) => string;
  readonly seenHours: (count: number) => string;
  readonly seenAt: (time: string) => string;
  readonly typesOne: (name: string) => string;
  readonly typeTwo: (one: string, other: string) => string;
  readonly typeMany: (count: number) => string;
}

const ENGLISH: PresenceWords = {
  states: { online: "Online", away: "Away", offline: "Offline" },
  seenNow: "Last seen just now",
  seenMinutes: (count) => `Last seen ${count} min ago`,
  seenHours: (count) => `Last seen ${count} h ago`,
  seenAt: (time) => `Last seen: ${time}`,
  typesOne: (name) => `${name} is typing…`,
  typeTwo: (one, other) => `${one} and ${other} are typing…`,
  typeMany: (count) => `${count} people are typing…`,
};

const CHINESE: PresenceWords = {
  states: { online: "在线", away: "离开", offline: "离线" },
  seenNow: "刚刚在线",
  seenMinutes: (count) => `${count} 分钟前在线`,
  seenHours: (count) => `${count} 小时前在线`,
  seenAt: (time) => `上次在线：${time}`,
  typesOne: (name) => `${name} 正在输入…`,
  typeTwo: (one, other) => `${one} 和 ${other} 正在输入…`,
  typeMany: (count) => `${count} 人正在输入…`,
};

export const PRESENCE_WORDS: Readonly<Record<LanguageName, PresenceWords>> = { en: ENGLISH, zh: CHINESE };
