/**
 * Schemas: the one description of everything that crosses a wire or is stored. The encoding is Protocol Buffers' wire
 * format (proto3), so that a client can be written in any language from the generated `parley.proto`; the schema
 * language is these few functions, so that no generated code and no `eval` is needed.
 *
 * Every field has a default ("", 0, false, no bytes, undefined, []) that is not written. A field number is never used
 * again for another meaning. Unknown fields are skipped.
 */

import { compiling } from "./compiling.js";

export type FieldKind = "string" | "bytes" | "uint" | "bool" | "message";

/** One field of a schema; `T` is its type after decoding. */
export interface Field<T> {
  readonly number: number;
  readonly kind: FieldKind;
  readonly isRepeated: boolean;
  readonly schema: Schema<object> | undefined;
  /** Carries the type only. */
  readonly sample?: T;
}

export interface NamedField {
  readonly name: string;
  readonly number: number;
  readonly kind: FieldKind;
  readonly isRepeated: boolean;
  readonly schema: Schema<object> | undefined;
}

/** A message type. `T` is the decoded shape: every field present, defaults filled in. */
export interface Schema<T extends object> {
  readonly name: string;
  readonly fields: readonly NamedField[];
  /** Index is the field number. */
  readonly byNumber: readonly (NamedField | undefined)[];
  /** A message without any field set; decoding begins with a copy of it. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly sample?: T;
}

/** The decoded type of a schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

/** What an encoder accepts: fields left out take their defaults. */
export type Init<T> = { readonly [K in keyof T]?: T[K] | undefined };

const NO_BYTES = new Uint8Array(0);
const NO_ITEMS: readonly never[] = [];

type Shape = Readonly<Record<string, Field<unknown>>>;
type Decoded<F extends Shape> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** Declares a message type. Names are PascalCase, field names camelCase; numbers 1 to 127, each once. */
export function schema<F extends Shape>(name: string, fields: F): Schema<Decoded<F>> {
  const named = Object.entries(fields).map(([fieldName, field]) => ({ ...field, name: fieldName }));
  const byNumber: (NamedField | undefined)[] = [];
  for (const field of named) {
    const isInRange = Number.isInteger(field.number) && field.number >= 1 && field.number <= 127;
    if (!isInRange || byNumber[field.number] !== undefined) {
      throw new RangeError(`Number ${field.number} of ${name}.${field.name} is taken or out of range.`);
    }
    byNumber[field.number] = field;
  }
  // No holes: reading past a hole in an array is slow.
  for (let number = 0; number < byNumber.length; number++) byNumber[number] ??= undefined;
  const defaults = Object.fromEntries(named.map((field) => [field.name, defaultOf(field)]));
  return { name, fields: named, byNumber, defaults };
}

function defaultOf(field: NamedField): unknown {
  if (field.isRepeated) return NO_ITEMS;
  switch (field.kind) {
    case "string":
      return "";
    case "uint":
      return 0;
    case "bool":
      return false;
    case "bytes":
      return NO_BYTES;
    case "message":
      return undefined;
  }
}

function one<T>(number: number, kind: FieldKind, of?: Schema<object>): Field<T> {
  return { number, kind, isRepeated: false, schema: of };
}

function many<T>(number: number, kind: FieldKind, of?: Schema<object>): Field<readonly T[]> {
  return { number, kind, isRepeated: true, schema: of };
}

/** A string, UTF-8. */
export function string<T extends string = string>(number: number): Field<T> {
  return one(number, "string");
}

/** Bytes. */
export function bytes(number: number): Field<Uint8Array> {
  return one(number, "bytes");
}

/** An integer from 0 to 2^53 - 1. */
export function uint(number: number): Field<number> {
  return one(number, "uint");
}

export function bool(number: number): Field<boolean> {
  return one(number, "bool");
}

/** A message in a message. */
export function nested<T extends object>(number: number, of: Schema<T>): Field<T | undefined> {
  return one(number, "message", of as Schema<object>);
}

/** Any number of strings, in order. */
export function strings<T extends string = string>(number: number): Field<readonly T[]> {
  return many(number, "string");
}

/** Any number of byte strings, in order. */
export function bytesList(number: number): Field<readonly Uint8Array[]> {
  return many(number, "bytes");
}

/** Any number of integers, in order; written packed, read packed or not. */
export function uints(number: number): Field<readonly number[]> {
  return many(number, "uint");
}

/** Any number of messages, in order. */
export function list<T extends object>(number: number, of: Schema<T>): Field<readonly T[]> {
  return many(number, "message", of as Schema<object>);
}

/** A value that may still be changed. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** A copy of a whole value. Cost: on servers a small part of that of `{ ...value }`, which is slow for what is itself such a copy. */
export function draftOf<T extends object>(of: Schema<T>, value: T): Draft<T> {
  return (compiling.copy?.(of, value) as T | undefined) ?? { ...value };
}

/** A whole value from some of its fields: those left out take their defaults, as after decoding. */
export function filled<T extends object>(of: Schema<T>, fields: Init<T>): T {
  return { ...of.defaults, ...fields } as T;
}
