import assert from "node:assert/strict";
import { test } from "node:test";
import { readDoc } from "@parley/base/testing";
import fc from "fast-check";
import protobuf from "protobufjs";
import { decode } from "../codec/reader.js";
import { encode } from "../codec/writer.js";
import { arbitraryMessage } from "./arbitrary-message.js";
import { protoText } from "./proto-text.js";
import { frameKinds, wireSchemas } from "./wire-schemas.js";

const { root } = protobuf.parse(protoText());

/** Plain objects and byte arrays only; what is not there is undefined. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

/** The same without what is undefined: another writer is given only what is there. */
function present(value: unknown): unknown {
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(present);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([name, item]) => [name, present(item)]));
}

test("parley.proto is what the schemas say", () => {
  assert.ok(
    readDoc("protocol/parley.proto") === protoText(),
    "docs/protocol/parley.proto is stale: run npm run proto.",
  );
});

test("parley.proto names every frame kind", () => {
  const { FRAME_KIND_UNSPECIFIED, ...kinds } = root.lookupEnum("parley.FrameKind").values;
  assert.equal(FRAME_KIND_UNSPECIFIED, 0);
  assert.deepEqual(
    Object.values(kinds),
    frameKinds().map(({ kind }) => kind),
  );
});

for (const schema of wireSchemas()) {
  const type = root.lookupType(`parley.${schema.name}`);

  test(`what we write as ${schema.name} another implementation reads`, () => {
    fc.assert(
      fc.property(arbitraryMessage(schema), (value) => {
        const read = type.toObject(type.decode(encode(schema, value)), { longs: Number, defaults: true });
        assert.deepEqual(plain(read), plain(value));
      }),
    );
  });

  test(`what another implementation writes as ${schema.name} we read`, () => {
    fc.assert(
      fc.property(arbitraryMessage(schema), (value) => {
        const written = type.encode(type.fromObject(present(value) as object)).finish();
        assert.deepEqual(plain(decode(schema, written)), plain(value));
      }),
    );
  });
}
