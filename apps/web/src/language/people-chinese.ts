import type { Strings } from "./english.js";

/** The Chinese words about people. */
export const PEOPLE_CHINESE: Strings["people"] = {
  profile: "个人资料",
  profileOf: (name) => `${name} 的个人资料`,
  myProfile: "我的资料",
  title: "职位",
  department: "部门",
  statusText: "状态",
  statusHint: "你现在在做什么？",
  message: "发消息",
  choosePicture: "选择头像",
  removePicture: "移除头像",
  directory: "通讯录",
  wholeDirectory: "全部",
  departments: "部门",
  colleagues: "成员",
  peopleIn: (count) => `${count} 人`,
  nobodyHere: "此部门没有成员。",
};
