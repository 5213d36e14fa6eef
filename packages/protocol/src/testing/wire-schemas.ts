/** All message types that cross the wire, and a text that is equal exactly when the wire is. */
import { assert } from "@parley/base";
import type { NamedField, Schema } from "../codec/schema.js";
import { type FrameName, FRAMES } from "../frames.js";
import { Event } from "../model.js";

/** A frame kind with its schema, its types forgotten. */
export interface FrameKind {
  readonly name: FrameName;
  readonly kind: number;
  readonly schema: Schema<object>;
}

/** Every frame, by kind. */
export function frameKinds(): readonly FrameKind[] {
  return Object.entries(FRAMES)
    .map(([name, { kind, schema }]) => ({
      name: name as FrameName,
      kind,
      schema: schema as Schema<object>,
    }))
    .toSorted((one, other) => one.kind - other.kind);
}

/** Every message type that frames can hold: their payloads by kind, each followed by what it holds; Event at the end. */
export function wireSchemas(): readonly Schema<object>[] {
  const byName = new Map<string, Schema<object>>();
  const add = (schema: Schema<object>): void => {
    const known = byName.get(schema.name);
    assert(known === undefined || known === schema, `There is one schema with the name ${schema.name}.`);
    if (known !== undefined) return;
    byName.set(schema.name, schema);
    for (const field of schema.fields) if (field.schema !== undefined) add(field.schema);
  };
  for (const { schema } of frameKinds()) add(schema);
  // Push carries events as bytes, so no field leads here.
  add(Event);
  return [...byName.values()];
}

/** The canonical text of the wire: kinds, messages by name, fields by number. Comments and order in the source do not count. */
export function wireText(): string {
  const frames = frameKinds().map(({ kind, name, schema }) => `frame ${kind} ${name} ${schema.name}\n`);
  const messages = wireSchemas()
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map((schema) => `message ${schema.name}\n${fieldsByNumber(schema).map(fieldText).join("")}`);
  return [...frames, ...messages].join("");
}

/** The fields of a schema in the order of their numbers. */
export function fieldsByNumber(schema: Schema<object>): readonly NamedField[] {
  return schema.fields.toSorted((one, other) => one.number - other.number);
}

function fieldText(field: NamedField): string {
  const type = field.schema === undefined ? field.kind : `message ${field.schema.name}`;
  return `  ${field.number} ${field.name} ${field.isRepeated ? "repeated " : ""}${type}\n`;
}
