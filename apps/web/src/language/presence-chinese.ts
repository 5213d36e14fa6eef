import type { Strings } from "./english.js";

/** The Chinese words of who is there and who types. */
export const PRESENCE_CHINESE: Strings["presence"] = {
  words: { online: "在线", away: "离开", offline: "离线" },
  seenNow: "刚刚在线",
  seenMinutes: (count) => `${count} 分钟前在线`,
  seenHours: (count) => `${count} 小时前在线`,
  seenAt: (time) => `上次在线：${time}`,
  typesOne: (name) => `${name} 正在输入…`,
  typeTwo: (one, other) => `${one} 和 ${other} 正在输入…`,
  typeMany: (count) => `${count} 人正在输入…`,
};
