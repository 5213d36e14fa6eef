export { KeywordReviewer } from "./keyword-reviewer.js";
export { parseWordList, WORD_UNITS_MAX, WORDS_MAX } from "./word-list.js";
