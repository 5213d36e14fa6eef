export { complaintsOf } from "./complaints.js";
export { type DeviceView, judge, type JudgedDevice } from "./judge.js";
export { type Direction, Recording } from "./recording.js";
export { followSent, type SentText } from "./sent-texts.js";
export { type LogTap, Truth } from "./truth.js";
