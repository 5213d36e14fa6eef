/**
 * Codecs made at run time, one for each schema when it is first used: the bytes, the values and the refusals of Reader and
 * Writer, without looking at the schema for each field. A value that is read is one object literal, so all values of a schema
 * have one hidden class.
 *
 *   schema ──► source ──► new Function ──► read(reader, end, depth) and write(writer, value)
 *
 * Pages forbid code that is made at run time, and a process may: there everything is read and written by the schema, as before.
 * Servers call `compileCodecs` at their start. Why so: docs/decisions/0029-servers-compile-codecs.md.
 */
import { compiling } from "./compiling.js";
import { readText, writeText } from "./native-text.js";
import { DEPTH_MAX, type Reader, cutOff, fieldOf, malformed, wrongWireType } from "./reader.js";
import type { NamedField, Schema } from "./schema.js";
import {
  UTF8_BYTES_PER_CHARACTER_MAX,
  VARINT_BYTES_MAX,
  WIRE_LENGTH,
  WIRE_VARINT,
  type Writer,
} from "./writer.js";

interface Codec {
  read: (reader: Reader, end: number, depth: number) => object;
  write: (writer: Writer, value: object) => void;
  copy: (value: object) => object;
}

/** A schema keeps its codec: looking it up in a map took as long as reading a small message. */
interface CompiledSchema extends Schema<object> {
  codec?: Codec;
}

/** From now on messages are read and written by compiled codecs. False: this process may not make code, and nothing has changed. */
export function compileCodecs(): boolean {
  try {
    compile("return 0;");
  } catch {
    return false;
  }
  compiling.read = (reader, schema, end) => codecOf(schema).read(reader, end, 0);
  compiling.copy = (schema, value) => codecOf(schema).copy(value);
  compiling.write = (writer, schema, value) => codecOf(schema).write(writer, value);
  return true;
}

/** Messages are read and written by their schemas again: to compare with. */
export function interpretSchemas(): void {
  delete compiling.read;
  delete compiling.copy;
  delete compiling.write;
}

/** It makes itself when it is first used: schemas may hold each other, and most are never read or never written. */
function codecOf(schema: CompiledSchema): Codec {
  if (schema.codec !== undefined) return schema.codec;
  const codec: Codec = {
    read(reader, end, depth) {
      codec.read = makeRead(schema);
      return codec.read(reader, end, depth);
    },
    write(writer, value) {
      codec.write = makeWrite(schema);
      codec.write(writer, value);
    },
    copy(value) {
      codec.copy = makeCopy(schema);
      return codec.copy(value);
    },
  };
  schema.codec = codec;
  return codec;
}

/** Names of fields are identifiers of this source; `schema` has seen to that. */
function compile(body: string, parameters: Readonly<Record<string, unknown>> = {}): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- the source is made of schemas, and of nothing from outside
  const make = new Function(...Object.keys(parameters), `"use strict";\n${body}`) as (
    ...values: unknown[]
  ) => unknown;
  return make(...Object.values(parameters));
}

function makeRead(schema: Schema<object>): Codec["read"] {
  const { fields } = schema;
  const locals = fields.map((field, index) => `let f${index} = ${firstOf(field, index)};`);
  const cases = fields.flatMap((field, index) => casesOf(field, index));
  const parts = fields.map((field, index) => {
    const value = field.isRepeated ? `f${index} ?? d${index}` : `f${index}`;
    return `${field.name}: ${value}`;
  });
  const source = `return function read${schema.name}(r, end, depth) {
  if (depth > ${DEPTH_MAX}) throw malformed("messages are nested too deeply");
  r.count();
  ${locals.join("\n  ")}
  while (r.position < end) {
    const tag = uint(r);
    switch (tag) {
${cases.join("\n")}
      default: other(r, schema, tag, end);
    }
  }
  if (r.position > end) throw malformed("a field is longer than its message");
  return { ${parts.join(", ")} };
}`;
  return compile(source, {
    malformed,
    schema,
    other,
    uint,
    stopOf,
    text,
    bytes,
    afterPacked,
    ...defaultsOf(schema),
    ...nestedOf(schema),
  }) as Codec["read"];
}

/** Of what is repeated there is no list before the first item. */
function firstOf({ kind, isRepeated }: NamedField, index: number): string {
  return isRepeated || kind === "message" ? "undefined" : `d${index}`;
}

function casesOf(field: NamedField, index: number): string[] {
  const { number, kind, isRepeated } = field;
  const put = (value: string): string =>
    isRepeated
      ? `if (f${index} === undefined) f${index} = [${value}]; else f${index}.push(${value});`
      : `f${index} = ${value};`;
  const tagged = (wireType: number, body: string): string =>
    `      case ${number * 8 + wireType}: { ${body} break; }`;
  switch (kind) {
    case "uint":
    case "bool": {
      const value = kind === "bool" ? "uint(r) !== 0" : "uint(r)";
      const alone = tagged(WIRE_VARINT, put(value));
      if (!isRepeated || kind === "bool") return [alone];
      const packed = `const stop = stopOf(r, end); while (r.position < stop) { ${put(value)} } afterPacked(r, stop);`;
      return [alone, tagged(WIRE_LENGTH, packed)];
    }
    case "string":
      return [tagged(WIRE_LENGTH, `const item = text(r, stopOf(r, end)); ${put("item")}`)];
    case "bytes":
      return [tagged(WIRE_LENGTH, `const item = bytes(r, stopOf(r, end)); ${put("item")}`)];
    case "message":
      return [
        tagged(WIRE_LENGTH, `const item = n${index}.read(r, stopOf(r, end), depth + 1); ${put("item")}`),
      ];
  }
}

function makeWrite(schema: Schema<object>): Codec["write"] {
  const parts = schema.fields.map((field, index) => {
    const { name, isRepeated } = field;
    const one = writeOne(field, index, "item");
    if (!isRepeated) return `  item = v.${name}; if (item !== undefined && ${isSet(field)}) { ${one} }`;
    const all =
      field.kind === "uint"
        ? `w.packed(${field.number}, item);`
        : `for (const each of item) { ${writeOne(field, index, "each")} }`;
    return `  item = v.${name}; if (item !== undefined && item.length > 0) { ${all} }`;
  });
  const source = `return function write${schema.name}(w, v) {\n  let item;\n${parts.join("\n")}\n}`;
  return compile(source, { string, ...nestedOf(schema) }) as Codec["write"];
}

function makeCopy(schema: Schema<object>): Codec["copy"] {
  const parts = schema.fields.map(({ name }) => `${name}: v.${name}`);
  return compile(
    `return function copy${schema.name}(v) { return { ${parts.join(", ")} }; }`,
  ) as Codec["copy"];
}

function isSet({ kind }: NamedField): string {
  switch (kind) {
    case "string":
      return 'item !== ""';
    case "uint":
      return "item !== 0";
    case "bool":
      return "item === true";
    case "bytes":
      return "item.length > 0";
    case "message":
      return "true";
  }
}

function writeOne({ number, kind }: NamedField, index: number, value: string): string {
  const tag = (wireType: number): number => number * 8 + wireType;
  switch (kind) {
    case "string":
      return `string(w, ${tag(WIRE_LENGTH)}, ${value});`;
    case "uint":
      return `w.varint(${tag(WIRE_VARINT)}); w.varint(${value});`;
    case "bool":
      return `w.varint(${tag(WIRE_VARINT)}); w.varint(1);`;
    case "bytes":
      return `w.byteString(${number}, ${value});`;
    case "message":
      return `w.varint(${tag(WIRE_LENGTH)}); const start = w.beginLength(); n${index}.write(w, ${value}); w.endLength(start);`;
  }
}

function defaultsOf(schema: Schema<object>): Record<string, unknown> {
  return Object.fromEntries(schema.fields.map(({ name }, index) => [`d${index}`, schema.defaults[name]]));
}

function nestedOf(schema: Schema<object>): Record<string, Codec> {
  return Object.fromEntries(
    schema.fields.flatMap((field, index) =>
      field.schema === undefined ? [] : [[`n${index}`, codecOf(field.schema)]],
    ),
  );
}

// What the made code calls. Most numbers have one byte.

function uint(reader: Reader): number {
  const { position } = reader;
  if (position < reader.end) {
    const byte = reader.bytes[position]!;
    if (byte < 128) {
      reader.position = position + 1;
      return byte;
    }
  }
  return reader.varint();
}

function stopOf(reader: Reader, end: number): number {
  const length = uint(reader);
  const stop = reader.position + length;
  if (stop > end) throw cutOff();
  return stop;
}

function text(reader: Reader, stop: number): string {
  const start = reader.position;
  reader.position = stop;
  try {
    return readText(reader.bytes, start, stop);
  } catch (cause) {
    throw malformed("a string is not UTF-8", cause);
  }
}

function bytes(reader: Reader, stop: number): Uint8Array {
  reader.count();
  const start = reader.position;
  reader.position = stop;
  return reader.bytes.subarray(start, stop);
}

function afterPacked(reader: Reader, stop: number): void {
  if (reader.position > stop) throw cutOff();
}

/** Neither a field in its wire type: one that is not known is skipped. */
function other(reader: Reader, schema: Schema<object>, tag: number, end: number): void {
  const field = fieldOf(schema, tag);
  if (field !== undefined) throw wrongWireType(field);
  reader.skipField(tag & 7, end);
}

/** The length stands before the text: room for it is left by what the text will probably take. */
function string(writer: Writer, tag: number, item: string): void {
  writer.varint(tag);
  const characters = item.length;
  writer.reserve(characters * UTF8_BYTES_PER_CHARACTER_MAX + VARINT_BYTES_MAX);
  const start = writer.length + lengthBytes(characters);
  const length = writeText(item, writer.bytes, start);
  const shift = lengthBytes(length) - lengthBytes(characters);
  if (shift > 0) writer.bytes.copyWithin(start + shift, start, start + length);
  writer.varint(length);
  writer.length += length;
}

function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
}
