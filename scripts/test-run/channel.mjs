// The way from a test process to its parent: JSON lines on file descriptor 3. Written synchronously, so that what a test
// was doing is known even when it ends the process in the next statement.

import { writeSync } from "node:fs";

const DESCRIPTOR = 3;

/** Sends one message to the parent. Effects: the parent can read it when this returns. */
export function send(message) {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(DESCRIPTOR, rest));
    } catch (error) {
      // The pipe is full: the parent will have read in a moment.
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
