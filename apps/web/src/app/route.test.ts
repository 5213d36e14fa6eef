import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseConversationId } from "@parley/protocol";
import { addressOfHash, hashOf } from "./route.js";

test("an address leads back to its conversation, with every character that an id may have", () => {
  const ids = ["g:launch", "d:a#b&c=?:z+[x]|^`"].map(parseConversationId);
  deepEqual(
    ids.flatMap((id) => [addressOfHash(hashOf(id)), addressOfHash(hashOf(id, 42))]),
    ids.flatMap((conversationId) => [
      { conversationId, sequence: undefined },
      { conversationId, sequence: 42 },
    ]),
  );
});

test("an address that names no conversation opens none", () => {
  const hashes = ["", "#", "#/", "#/nonsense", "#/g%3Aa%2Fb", "#/%E0%A4%A", "#g:launch", "#/d:b:a"];
  deepEqual(
    hashes.map(addressOfHash),
    hashes.map(() => undefined),
  );
});

test("what is no sequence leads to the conversation", () => {
  const hashes = ["#/g%3Aa/0", "#/g%3Aa/x", "#/g%3Aa/-1", "#/g%3Aa/1e3", "#/g%3Aa/9999999999999999"];
  deepEqual(
    hashes.map((hash) => addressOfHash(hash)?.sequence),
    hashes.map(() => undefined),
  );
});
