import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { inAllPieces } from "../testing/pieces.js";
import { archiveIdIn, readMessages } from "./scan.js";

const STREAM = [
  "<presence from='u1@localhost/b'><x code='110'/></presence>",
  "<message from='u1@localhost/b' type='chat'><body>one</body><stanza-id id='7' by='u2@localhost'/></message>",
  "<message type='groupchat'><subject>All</subject></message>",
  "<message from='rooms'/>",
  '<message type="error" id="4"><body>mine</body><error type="cancel"><service-unavailable/></error></message>',
  "<iq type='result' id='q'/>",
  "<message><result xmlns='urn:xmpp:mam:2'><forwarded><message><body>two</body></message></forwarded></result></message>",
  "<message type='groupchat'><body>three</body></message>",
].join("");

function reading() {
  const told: string[] = [];
  const taker = {
    onBody: (bytes: Buffer, _range: unknown, [start, end]: readonly [number, number]) =>
      void told.push(bytes.toString("latin1", start, end)),
    onError: () => void told.push("error"),
  };
  return { told, read: (bytes: Buffer) => readMessages(bytes, taker) };
}

test("bodies and errors are found however the bytes come", () => {
  for (const told of inAllPieces(Buffer.from(STREAM), reading))
    deepEqual(told, ["one", "error", "two", "three"]);
});

test("the id of the archive is found in a message, and not missed where there is none", () => {
  deepEqual(
    archiveIdIn("<message id='1'><stanza-id by='a' xmlns='urn:xmpp:sid:0' id='17'/></message>"),
    "17",
  );
  deepEqual(archiveIdIn("<message id='1'><body>x</body></message>"), undefined);
});
