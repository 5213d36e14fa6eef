import type { Strings } from "./english.js";

/** The Chinese words of the list of conversations. */
export const LIST_CHINESE: Strings["list"] = {
  filter: "显示",
  filters: { all: "全部", unread: "未读", mentions: "@我", groups: "群聊", direct: "单聊" },
  nothingFiltered: "没有这类会话。",
  actionsOf: (title) => `“${title}”的操作`,
  actions: "会话操作",
  pin: "置顶",
  unpin: "取消置顶",
  pinned: "已置顶",
  mute: "免打扰",
  unmute: "取消免打扰",
  markRead: "标为已读",

  searchFilters: "搜索范围",
  searchBy: "按发送人、类型或日期搜索",
  searchIn: "会话",
  everywhere: "全部会话",
  searchOf: "发送人",
  anybody: "所有人",
  searchKind: "类型",
  anyKind: "全部类型",
  kinds: {
    image: "图片",
    video: "视频",
    audio: "音频",
    file: "文件",
    link: "链接",
    location: "位置",
    card: "卡片",
    merged: "合并消息",
    custom: "其他",
  },
  fromDay: "开始日期",
  untilDay: "结束日期",
  noFilters: "搜索全部消息",
};
