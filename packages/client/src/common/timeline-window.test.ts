import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { GROUP, OTHER, SELF } from "../testing/client-bench.js";
import { ScriptedWorld } from "../testing/scripted-world.js";
import { createMemoryStore } from "./memory-store.js";
import { TimelineWindow } from "./timeline-window.js";

test("a message deleted while it is read does not come back", async () => {
  const world = new ScriptedWorld(SELF);
  const messages = ["a", "b", "c"].map((text) => world.post(GROUP, OTHER, text));
  const store = createMemoryStore();
  await store.commit([{ kind: "put-messages", messages }]);
  const window = new TimelineWindow(store, GROUP, () => ({ first: 1, last: 3 }));
  const reading = window.refresh();
  window.remove(new Set([2]));
  await reading;
  deepEqual(
    window.messages.map((message) => message.sequence),
    [1, 3],
  );
});

test("a window follows the held span up and begins anew in another one", async () => {
  const world = new ScriptedWorld(SELF);
  const messages = Array.from({ length: 9 }, () => world.post(GROUP, OTHER, "a"));
  const store = createMemoryStore();
  await store.commit([{ kind: "put-messages", messages }]);
  let target = { first: 1, last: 2 };
  const window = new TimelineWindow(store, GROUP, () => target);
  const seen: string[] = [];
  for (const next of [target, { first: 1, last: 4 }, { first: 7, last: 9 }]) {
    target = next;
    await window.refresh();
    seen.push(window.messages.map((message) => message.sequence).join(" "));
  }
  deepEqual(seen, ["1 2", "1 2 3 4", "7 8 9"]);
});
