import type { Strings } from "./english.js";

/** The Chinese words about notifications. */
export const NOTIFY_CHINESE: Strings["notify"] = {
  title: "消息通知",
  ofConversation: "此会话的通知",
  level: "通知范围",
  levels: { all: "所有消息", mentions: "仅提到我的消息", none: "不通知" },
  mute: "免打扰",
  mutes: { off: "不静音", hour: "一小时", day: "一天", good: "一直" },
  mutedUntil: (time) => `静音至${time}。`,
  mutedForGood: "已静音。",
  muted: "已静音",

  quiet: "勿扰模式",
  quietLead: "对您的所有设备生效，其他人不可见。",
  from: "从",
  until: "到",
  days: "日期",
  dayNames: {
    mo: "星期一",
    tu: "星期二",
    we: "星期三",
    th: "星期四",
    fr: "星期五",
    sa: "星期六",
    su: "星期日",
  },
  mentions: "提到我的消息仍然通知",
  timeZone: (name) => `以 ${name} 的时间为准。`,

  here: "未打开 Parley 时，在此浏览器中通知我",
  hereDenied: "浏览器不允许通知。请在浏览器设置中允许此页面发送通知。",
};
