import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./config.js";

test("bad settings are refused by name", () => {
  const refused = (args: readonly string[], env: Record<string, string> = {}): unknown => {
    try {
      parseConfig(args, env);
      return undefined;
    } catch (error) {
      return (error as { details?: { setting?: string } }).details?.setting;
    }
  };
  assert.deepEqual(
    [
      refused(["--port", "abc"]),
      refused(["--nonsense", "1"]),
      refused([], { PARLEY_DEMO: "maybe" }),
      refused([], { PARLEY_PROT: "1" }),
      refused(["--port", "0"]),
    ],
    ["--port", "--nonsense", "PARLEY_DEMO", "PARLEY_PROT", undefined],
  );
});

test("the heartbeat is a setting with bounds", () => {
  const seconds = (value: string): number => parseConfig(["--heartbeat-seconds", value], {}).heartbeatSeconds;
  assert.deepEqual([parseConfig([], {}).heartbeatSeconds, seconds("1"), seconds("300")], [25, 1, 300]);
  for (const value of ["0", "301"]) assert.throws(() => seconds(value), { code: "bad-setting" });
});
