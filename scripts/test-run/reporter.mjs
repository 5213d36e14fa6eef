// The reporter of a test process: passes what node:test says to the parent, reduced to what the parent needs.

import { inspect } from "node:util";

import { send } from "./channel.mjs";

// node:test hands over nothing but the default export of a reporter. It yields nothing, since all goes over the channel.
// oxlint-disable-next-line require-yield
export default async function* report(events) {
  for await (const { type, data } of events) {
    const message = messageFor(type, data);
    if (message !== undefined) send(message);
  }
  send({ type: "end" });
}

function messageFor(type, data) {
  switch (type) {
    case "test:dequeue":
      return { type: "start", name: data.name, file: data.file };
    case "test:complete":
      return { type: "stop", name: data.name, file: data.file };
    case "test:start":
      return { type: "report", name: data.name, nesting: data.nesting };
    case "test:pass":
      return { type: "pass", ...describe(data) };
    case "test:fail":
      return { type: "fail", ...describe(data), ...describeError(data.details.error) };
    case "test:diagnostic":
      return { type: "diagnostic", message: data.message };
    default:
      return undefined;
  }
}

function describe({ name, file, line, nesting, details, skip, todo }) {
  const isSuite = details.type === "suite";
  return { name, file, line, nesting, isSuite, skip, todo, durationMs: details.duration_ms };
}

// node:test wraps what was thrown; the wrapper itself matters only when there is nothing inside.
function describeError(error) {
  const thrown = error.cause ?? error;
  const text = typeof thrown === "string" ? thrown : inspect(thrown, { depth: 10, maxArrayLength: 200 });
  return { failureType: error.failureType, error: text };
}
