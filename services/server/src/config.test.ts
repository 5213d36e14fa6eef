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

test("how long messages may be changed is a setting in minutes, and 0 is for ever", () => {
  const minutes = (...args: string[]): readonly number[] => {
    const { editMinutes, recallMinutes } = parseConfig(args, { PARLEY_RECALL_MINUTES: "7" });
    return [editMinutes, recallMinutes];
  };
  assert.deepEqual(
    [minutes(), minutes("--edit-minutes", "0", "--recall-minutes", "60")],
    [
      [1440, 7],
      [0, 60],
    ],
  );
  assert.equal(parseConfig([], {}).recallMinutes, 2);
  assert.throws(() => minutes("--edit-minutes", "52560001"), { code: "bad-setting" });
});

test("the heartbeat is a setting with bounds", () => {
  const seconds = (value: string): number => parseConfig(["--heartbeat-seconds", value], {}).heartbeatSeconds;
  assert.deepEqual([parseConfig([], {}).heartbeatSeconds, seconds("1"), seconds("300")], [25, 1, 300]);
  for (const value of ["0", "301"]) assert.throws(() => seconds(value), { code: "bad-setting" });
});

test("how many devices may begin in a second is a setting with bounds", () => {
  const rate = (value: string): number =>
    parseConfig(["--handshakes-per-second", value], {}).handshakesPerSecond;
  assert.deepEqual([parseConfig([], {}).handshakesPerSecond, rate("1"), rate("100000")], [400, 1, 100_000]);
  for (const value of ["0", "100001"]) assert.throws(() => rate(value), { code: "bad-setting" });
});

test("links have previews unless the operator says otherwise, and lead to the internet alone", () => {
  const config = (...args: string[]): readonly unknown[] => {
    const { hasLinkPreviews, linkPreviewAllow } = parseConfig(args, {});
    return [hasLinkPreviews, linkPreviewAllow];
  };
  assert.deepEqual(config(), [true, []]);
  assert.deepEqual(config("--link-previews", "off", "--link-preview-allow", "10.0.0.0/8, ::1"), [
    false,
    ["10.0.0.0/8", "::1"],
  ]);
  for (const args of [
    ["--link-previews", "maybe"],
    ["--link-preview-allow", "intranet"],
  ])
    assert.throws(() => config(...args), { code: "bad-setting" });
});

test("what is plugged in is named by files, and who passes an absent reviewer by tenants", () => {
  const config = (...args: string[]): readonly unknown[] => {
    const { scenariosModule, reviewWordsFile, reviewerModule, reviewFailOpen } = parseConfig(args, {});
    return [scenariosModule, reviewWordsFile, reviewerModule, reviewFailOpen];
  };
  assert.deepEqual(config(), [undefined, undefined, undefined, []]);
  assert.deepEqual(
    config(
      "--scenarios",
      "/a.mjs",
      "--review-words",
      "/w",
      "--reviewer",
      "/r.mjs",
      "--review-fail-open",
      "acme, main",
    ),
    ["/a.mjs", "/w", "/r.mjs", ["acme", "main"]],
  );
  assert.deepEqual(config("--review-fail-open", "all")[3], "all");
  assert.throws(() => config("--review-words", ""), { code: "bad-setting" });
});
