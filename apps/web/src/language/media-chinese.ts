import type { Strings } from "./english.js";

/** The words about files in simplified Chinese. */
export const MEDIA_CHINESE: Strings["media"] = {
  photo: "图片",
  video: "视频",
  audio: "音频",
  file: "文件",
  withWords: (what, words) => `[${what}] ${words}`,

  attach: "添加文件",
  toSend: "待发送的文件",
  dropHere: "将文件拖放到此处",
  remove: (name) => `移除 ${name}`,
  retryUpload: (name) => `重新上传 ${name}`,
  queued: "排队中",
  uploaded: (percent, size) => `已上传 ${percent}%（共 ${size}）`,
  waiting: "等待网络恢复",
  ready: "已就绪",
  sendsWhenReady: "上传完成后立即发送",
  tooMany: (count) => `一次最多 ${count} 个文件。`,
  empty: "空文件无法发送。",
  folder: "无法发送文件夹，请选择其中的文件。",

  openPicture: (name) => `查看图片 ${name}`,
  play: "播放",
  save: (name) => `保存 ${name}`,
  loading: (percent) => `加载中 ${percent}%`,
  viewer: "图片",
  previous: "上一张",
  next: "下一张",
  position: (at, count) => `${at} / ${count}`,
};
