import { deepEqual, equal, notDeepEqual } from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@parley/base/testing";
import { ConversationTree } from "./conversation-tree.js";

const NAMES = Array.from({ length: 50 }, (_, index) => `g:${index}`);

function secrets(tree: ConversationTree): readonly (string | undefined)[] {
  return NAMES.map((name) => tree.secretOf(name)?.toString("hex"));
}

test("every name has a secret of its own, always the same", () => {
  const tree = ConversationTree.plant(seededRandom(1));
  const all = secrets(tree);
  equal(new Set(all).size, NAMES.length);
  deepEqual(secrets(tree), all);
  notDeepEqual(secrets(ConversationTree.plant(seededRandom(2))), all);
});

test("a destroyed secret is gone, and all others stay, in any order", () => {
  let tree = ConversationTree.plant(seededRandom(1));
  const expected = [...secrets(tree)];
  for (const index of [7, 30, 0, 49, 7, 8, 9]) {
    tree = tree.without(NAMES[index]!);
    expected[index] = undefined;
    deepEqual(secrets(tree), expected);
  }
});

test("the bytes of a tree give the tree, and hold no seed that leads to what is destroyed", () => {
  const whole = ConversationTree.plant(seededRandom(1));
  const gone = whole.secretOf("g:3")!;
  const tree = whole.without("g:3");
  const bytes = tree.bytes();
  const again = ConversationTree.parse(Buffer.from(bytes))!;
  deepEqual(secrets(again), secrets(tree));
  equal(again.secretOf("g:3"), undefined);
  equal(again.seedCount, 64);
  equal(bytes.includes(gone), false);
  equal(bytes.includes(whole.bytes().subarray(-32)), false);
});

test("bytes of another length are no tree", () => {
  const bytes = ConversationTree.plant(seededRandom(1)).bytes();
  for (const length of [0, 31, 33, bytes.length - 1]) {
    equal(ConversationTree.parse(bytes.subarray(0, length)), undefined);
  }
});
