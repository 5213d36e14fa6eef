import { assert } from "@parley/base";
import { compiling } from "./compiling.js";
import type { Init, NamedField, Schema } from "./schema.js";
import { writeUtf8 } from "./utf8.js";

export const VARINT_BYTES_MAX = 8;
export const UTF8_BYTES_PER_CHARACTER_MAX = 3;

/** Wire types of Protocol Buffers that this project writes. */
export const WIRE_VARINT = 0;
export const WIRE_LENGTH = 2;

/** Small results are cut from one slab after another: an ArrayBuffer of its own costs more than the message. */
const SLAB_BYTES = 16 * 1024;
/** Larger ones have one of their own, so that a small row does not hold much else in memory. */
const SHARED_BYTES_MAX = SLAB_BYTES / 8;

/**
 * A growing buffer that messages are written into. Reset it and use it again; bytes are copied out by `take`. What is not private,
 * but not described either, is for the compiled codecs.
 */
export class Writer {
  bytes: Uint8Array;
  /** What was written so far. */
  length = 0;

  constructor(initialBytes = 1024) {
    this.bytes = new Uint8Array(initialBytes);
  }

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    if (this.length > SHARED_BYTES_MAX) return this.bytes.slice(0, this.length);
    const shared = openSlab();
    shared.raw(this.bytes.subarray(0, this.length));
    return cutFrom(shared);
  }

  /** Writes an integer from 0 to 2^53 - 1; asserts it, because any other number would be read as a different one. */
  varint(value: number): void {
    // Most numbers, and nearly all tags and lengths.
    if ((value & 127) === value && this.length < this.bytes.length) {
      this.bytes[this.length++] = value;
      return;
    }
    assert(
      value >= 0 && Number.isSafeInteger(value),
      "A number on the wire is an integer from 0 to 2^53 - 1.",
    );
    this.reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Writes the fields of one message, without a length before it. */
  message<T extends object>(schema: Schema<T>, value: Init<T>): void {
    if (compiling.write !== undefined) {
      compiling.write(this, schema, value);
      return;
    }
    const record = value as Readonly<Record<string, unknown>>;
    const fields = schema.fields;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index]!;
      const item = record[field.name];
      if (item === undefined) continue;
      if (!field.isRepeated) {
        if (!isDefault(field, item)) this.#item(field, item);
      } else if (field.kind !== "uint")
        for (const each of item as readonly unknown[]) this.#item(field, each);
      else if ((item as readonly number[]).length > 0) this.packed(field.number, item as readonly number[]);
    }
  }

  /** Writes one message with its length before it. */
  delimited<T extends object>(schema: Schema<T>, value: Init<T>): void {
    const start = this.beginLength();
    this.message(schema, value);
    this.endLength(start);
  }

  #item(field: NamedField, item: unknown): void {
    switch (field.kind) {
      case "string":
        this.#string(field.number, item as string);
        return;
      case "bytes":
        this.byteString(field.number, item as Uint8Array);
        return;
      case "message":
        this.#tag(field.number, WIRE_LENGTH);
        this.delimited(field.schema!, item as object);
        return;
      case "uint":
      case "bool":
        this.#tag(field.number, WIRE_VARINT);
        this.varint(Number(item));
    }
  }

  packed(number: number, items: readonly number[]): void {
    this.#tag(number, WIRE_LENGTH);
    const start = this.beginLength();
    for (const item of items) this.varint(item);
    this.endLength(start);
  }

  #tag(number: number, wireType: number): void {
    this.varint((number << 3) | wireType);
  }

  #string(number: number, text: string): void {
    this.#tag(number, WIRE_LENGTH);
    const start = this.beginLength();
    this.reserve(text.length * UTF8_BYTES_PER_CHARACTER_MAX);
    this.length += writeUtf8(text, this.bytes, this.length);
    this.endLength(start);
  }

  byteString(number: number, bytes: Uint8Array): void {
    this.#tag(number, WIRE_LENGTH);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** Leaves one byte for a length; most things are shorter than 128 bytes and need no moving. */
  beginLength(): number {
    this.reserve(1);
    this.length += 1;
    return this.length;
  }

  endLength(start: number): void {
    const length = this.length - start;
    if (length < 128) {
      this.bytes[start - 1] = length;
      return;
    }
    let extra = 1;
    for (let rest = length >>> 14; rest > 0; rest >>>= 7) extra += 1;
    this.reserve(extra);
    this.bytes.copyWithin(start + extra, start, this.length);
    this.length = start - 1;
    this.varint(length);
    this.length += length;
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

let slab = new Writer(SLAB_BYTES);
/** Of the slab, what was cut off. What an encoding that threw has written behind it is written over. */
let slabUsed = 0;

/** Encodes one message. Cost: that of writing it; nothing is copied unless it is large. */
export function encode<T extends object>(schema: Schema<T>, value: Init<T>): Uint8Array {
  // Encoding never yields in the middle, so one slab serves every caller of a thread.
  const shared = openSlab();
  shared.message(schema, value);
  return cutFrom(shared);
}

function openSlab(): Writer {
  if (slabUsed > SLAB_BYTES - SHARED_BYTES_MAX) {
    slab = new Writer(SLAB_BYTES);
    slabUsed = 0;
  }
  slab.length = slabUsed;
  return slab;
}

function cutFrom({ bytes, length }: Writer): Uint8Array {
  const start = slabUsed;
  if (length - start > SHARED_BYTES_MAX) {
    // It may have made the slab grow: the next one begins anew.
    slabUsed = SLAB_BYTES;
    return bytes.slice(start, length);
  }
  slabUsed = length;
  return bytes.subarray(start, length);
}

/** What is read where nothing is written. */
function isDefault({ kind }: NamedField, item: unknown): boolean {
  return item === 0 || item === false || (kind !== "message" && (item as Uint8Array).length === 0);
}
