import assert from "node:assert/strict";
import { test } from "node:test";
import { LruMap } from "./lru-map.js";

function filled(...keys: readonly string[]): LruMap<string, string> {
  const map = new LruMap<string, string>();
  for (const key of keys) map.put(key, key.toUpperCase());
  return map;
}

function kept(map: LruMap<string, string>, keys: string): string {
  return keys
    .split("")
    .filter((key) => map.peek(key) !== undefined)
    .join("");
}

test("nothing is dropped below the size", () => {
  const map = filled("a", "b");
  map.cutTo(2);
  assert.deepEqual([map.size, kept(map, "ab")], [2, "ab"]);
});

test("a cut leaves exactly the size, dropping what was put first", () => {
  const map = filled("a", "b", "c", "d");
  map.cutTo(2);
  assert.deepEqual([map.size, kept(map, "abcd")], [2, "cd"]);
});

test("what is used stays while what is not used goes", () => {
  const map = filled("a", "b", "c", "d", "e");
  map.cutTo(4);
  assert.equal(map.find("b"), "B");
  for (const key of ["f", "g", "h"]) {
    map.put(key, key);
    map.cutTo(4);
  }
  assert.deepEqual([map.size, kept(map, "abcdefgh")], [4, "bfgh"]);
});

test("a look without use does not save an entry", () => {
  const map = filled("a", "b", "c");
  map.cutTo(2);
  map.peek("b");
  map.put("d", "D");
  map.cutTo(2);
  assert.equal(kept(map, "abcd"), "cd");
});

test("an entry that is put again has the new value and is counted once", () => {
  const map = filled("a", "b", "c");
  map.cutTo(2);
  map.put("b", "new");
  assert.deepEqual([map.size, map.find("b")], [2, "new"]);
});

test("a deleted entry is gone from either generation", () => {
  const map = filled("a", "b", "c");
  map.cutTo(2);
  map.put("d", "D");
  map.delete("b");
  map.delete("d");
  assert.deepEqual([map.size, kept(map, "abcd")], [1, "c"]);
});
