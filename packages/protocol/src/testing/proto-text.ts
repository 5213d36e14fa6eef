/** Writes the schemas as a .proto file, for clients in other languages. */
import type { NamedField, Schema } from "../codec/schema.js";
import { PROTOCOL_VERSION } from "../version.js";
import { fieldsByNumber, frameKinds, wireSchemas } from "./wire-schemas.js";

/** Where `npm run proto` puts the file, seen from the root of the repository. */
export const PROTO_PATH = "docs/protocol/parley.proto";

const TYPES: Readonly<Record<NamedField["kind"], string>> = {
  string: "string",
  bytes: "bytes",
  uint: "uint64",
  bool: "bool",
  message: "",
};

/** The whole file. */
export function protoText(): string {
  const parts = [header(), frameKindText(), ...wireSchemas().map(messageText)];
  return parts.join("\n");
}

/** A name as .proto files write fields; generators turn it into what their language likes. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function header(): string {
  return `// The messages of protocol version ${PROTOCOL_VERSION}. Written by "npm run proto" from packages/protocol/src; do not edit.
//
// A packet is one binary WebSocket message and holds one frame or more, each:
//
//   kind: varint, length: varint, payload: \`length\` bytes, one message of the kind's type
//
// Every uint64 is at most 2^53 - 1. What fields mean stands in frames.md.

syntax = "proto3";

package parley;
`;
}

function frameKindText(): string {
  const values = frameKinds().map(({ name, kind, schema }) => {
    const value = `FRAME_KIND_${snakeCase(name).toUpperCase()}`;
    return `  ${value} = ${kind}; // ${schema.name}\n`;
  });
  return `enum FrameKind {\n  FRAME_KIND_UNSPECIFIED = 0;\n${values.join("")}}\n`;
}

function messageText(schema: Schema<object>): string {
  const fields = fieldsByNumber(schema).map(fieldText);
  return fields.length === 0
    ? `message ${schema.name} {}\n`
    : `message ${schema.name} {\n${fields.join("")}}\n`;
}

function fieldText(field: NamedField): string {
  const type = field.schema?.name ?? TYPES[field.kind];
  return `  ${field.isRepeated ? "repeated " : ""}${type} ${snakeCase(field.name)} = ${field.number};\n`;
}
