import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseConversationId } from "@parley/protocol";
import { conversationOfHash, hashOf } from "./route.js";

test("an address leads back to its conversation, with every character that an id may have", () => {
  const ids = ["g:launch", "d:a#b&c=?:z+[x]|^`"].map(parseConversationId);
  deepEqual(
    ids.map((id) => conversationOfHash(hashOf(id))),
    ids,
  );
});

test("an address that names no conversation opens none", () => {
  const hashes = ["", "#", "#/", "#/nonsense", "#/g%3Aa%2Fb", "#/%E0%A4%A", "#g:launch", "#/d:b:a"];
  deepEqual(
    hashes.map(conversationOfHash),
    hashes.map(() => undefined),
  );
});
