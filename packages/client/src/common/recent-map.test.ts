import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { RecentMap } from "./recent-map.js";

test("what was not used for longest goes; a look without a use does not keep it", () => {
  const map = new RecentMap<string, number>(2);
  map.put("one", 1);
  map.put("two", 2);
  map.find("one");
  map.peek("two");
  map.put("three", 3);
  deepEqual(
    ["one", "two", "three"].map((key) => map.peek(key)),
    [1, undefined, 3],
  );
  map.put("one", 4);
  map.delete("three");
  map.put("five", 5);
  deepEqual(
    ["one", "three", "five"].map((key) => map.find(key)),
    [4, undefined, 5],
  );
});
