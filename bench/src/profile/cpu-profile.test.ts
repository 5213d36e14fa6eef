import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { type CallFrame, type Cost, type CpuProfile, costsOf } from "./cpu-profile.js";
import { profileReport } from "./profile-report.js";
import { SourcePlaces } from "./source-places.js";

const frame = (functionName: string, url = "file:///x/a.js", lineNumber = 0): CallFrame => ({
  functionName,
  scriptId: url === "" ? "0" : "7",
  url,
  lineNumber,
  columnNumber: 0,
});

/**
 * root -> handle -> send -> handle -> send (a function that calls itself through another), beside idle time and garbage.
 * Self times: handle 10 + 5, send 20 + 1, garbage 4, idle 60.
 */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)", ""), children: [2, 6, 7] },
    { id: 2, callFrame: frame("handle"), children: [3] },
    { id: 3, callFrame: frame("send", "file:///x/b.js", 4), children: [4] },
    { id: 4, callFrame: frame("handle"), children: [5] },
    { id: 5, callFrame: frame("send", "file:///x/b.js", 4) },
    { id: 6, callFrame: frame("(idle)", "") },
    { id: 7, callFrame: frame("(garbage collector)", "") },
  ],
  samples: [2, 3, 6, 4, 5, 7],
  timeDeltas: [100, 10, 20, 60, 5, 1],
  startTime: 1_000,
  endTime: 1_200,
};

const placeOf = ({ url }: CallFrame) => ({
  file: url === "" ? "(native)" : url.slice("file:///x/".length),
  line: 1,
  package: url === "" ? "native" : "x",
});

const listed = (costs: readonly Cost[]) =>
  costs.map(({ name, microseconds }) => [name, microseconds] as const);

test("self time goes to the function of the sample, and idle time to nobody", () => {
  const { functions, files, packages, busyMicroseconds, idleMicroseconds } = costsOf(PROFILE, placeOf);
  deepEqual(
    [listed(functions), listed(files), listed(packages), busyMicroseconds, idleMicroseconds],
    [
      [
        ["send", 21],
        ["handle", 15],
        ["(garbage collector)", 4],
      ],
      [
        ["b.js", 21],
        ["a.js", 15],
        ["(native)", 4],
      ],
      [
        ["x", 36],
        ["native", 4],
      ],
      40,
      60,
    ],
  );
});

test("a function that calls itself counts once in inclusive time", () => {
  const { inclusive, tree } = costsOf(PROFILE, placeOf);
  deepEqual(listed(inclusive), [
    ["handle", 36],
    ["send", 26],
    ["(garbage collector)", 4],
  ]);
  deepEqual(listed(tree.calls), [
    ["handle", 36],
    ["(garbage collector)", 4],
  ]);
});

test("a function of V8 is told with who called it", () => {
  const [root, ...nodes] = PROFILE.nodes;
  const native = { id: 8, callFrame: frame("writev", "") };
  const [handle, ...others] = nodes;
  const called = [root!, { ...handle!, children: [3, 8] }, ...others, native];
  const { functions } = costsOf({ ...PROFILE, nodes: called, samples: [8, 8, 8, 8, 8, 8] }, placeOf);
  deepEqual(listed(functions), [["writev < handle", 100]]);
});

test("a profile without a root is refused", () => {
  throws(() => costsOf({ ...PROFILE, nodes: [], samples: [] }, placeOf), TypeError);
});

test("costs are told for each operation, scaled to the processor time of the thread", () => {
  // 40 µs busy by the samples, of which the thread had a processor for 20.
  const profiled = { profile: PROFILE, mainThreadSeconds: 20e-6, otherThreadsSeconds: 8e-6 };
  const view = { operations: 2, operation: "message", top: 1, isTree: true };
  const { figures, lines } = profileReport(profiled, view);
  equal(figures["main_thread_us"], 10);
  equal(figures["other_threads_us"], 4);
  const functions = lines.slice(lines.indexOf("by function, self, µs/message") + 1).slice(0, 2);
  deepEqual(
    functions.map((line) => line.trim().split(/ +/).slice(0, 3)),
    [["5.25", "52.5%", "send"], [""]],
  );
});

test("frames of Node, of libraries and of V8 are told apart", () => {
  const places = new SourcePlaces();
  const root = new URL("../../../", import.meta.url).href;
  const packageOf = (name: string, url: string): string => places.placeOf(frame(name, url)).package;
  deepEqual(
    [
      packageOf("emit", "node:events"),
      packageOf("dataMessage", `${root}node_modules/ws/lib/receiver.js`),
      packageOf("decode", `${root}node_modules/@noble/hashes/x.js`),
      packageOf("take", `${root}services/gateway/dist/connection.js`),
      packageOf("costsOf", `${root}bench/dist/profile/cpu-profile.js`),
      packageOf("writev", ""),
      places.placeOf({ ...frame("readSend", ""), scriptId: "7" }).package,
      packageOf("(garbage collector)", ""),
    ],
    ["node", "ws", "@noble/hashes", "services/gateway", "bench", "native", "made at run time", "gc"],
  );
});

test("a frame of this workspace stands in its source, at its line there", () => {
  const url = new URL("cpu-profile.js", import.meta.url).href;
  const place = new SourcePlaces().placeOf({ ...frame("costsOf", url), lineNumber: 3 });
  equal(place.file, "bench/src/profile/cpu-profile.ts");
  // The types above it are not in what was compiled.
  equal(place.line > 40, true);
});
