export { assert, AssertionFailure, unreachable } from "./assert.js";
