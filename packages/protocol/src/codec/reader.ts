import { Failure } from "@parley/base";
import { compiling } from "./compiling.js";
import type { NamedField, Schema } from "./schema.js";
import { readUtf8 } from "./utf8.js";

/** Messages in messages: deeper input is refused before it can exhaust the stack. */
export const DEPTH_MAX = 12;

/** 64 bits in groups of seven. */
const VARINT_BYTES_MAX = 10;

/**
 * Reads from a byte array. Every method throws a Failure "malformed" instead of reading past the end. What is not private, but
 * not described either, is for the compiled codecs.
 */
export class Reader {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;
  #messagesLeft: number;

  /** `messagesMax` bounds all messages that are read from it together, those within others and byte strings counted. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length, messagesMax = Number.MAX_SAFE_INTEGER) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.#messagesLeft = messagesMax;
  }

  get isAtEnd(): boolean {
    return this.position >= this.end;
  }

  /** An integer from 0 to 2^53 - 1. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      if (this.position >= this.end) throw cutOff();
      const byte = this.bytes[this.position++]!;
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw malformed("a number is too large");
  }

  /** A view of the next `length` bytes. */
  view(length: number): Uint8Array {
    const start = this.position;
    this.#skip(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A message that fills the rest of this reader. */
  message<T extends object>(schema: Schema<T>): T {
    return this.#whole(schema, this.end) as T;
  }

  /** A message with its length before it. */
  delimited<T extends object>(schema: Schema<T>): T {
    const stop = this.varint() + this.position;
    if (stop > this.end) throw cutOff();
    return this.#whole(schema, stop) as T;
  }

  #whole(schema: Schema<object>, end: number): object {
    return compiling.read?.(this, schema, end) ?? this.#message(schema, end, 0);
  }

  #message(schema: Schema<object>, end: number, depth: number): object {
    if (depth > DEPTH_MAX) throw malformed("messages are nested too deeply");
    this.count();
    const record: Record<string, unknown> = { ...schema.defaults };
    while (this.position < end) {
      const tag = this.varint();
      const field = fieldOf(schema, tag);
      if (field === undefined) this.skipField(tag & 7, end);
      else this.#field(record, field, { wireType: tag & 7, end, depth });
    }
    if (this.position > end) throw malformed("a field is longer than its message");
    return record;
  }

  #field(
    record: Record<string, unknown>,
    field: NamedField,
    at: { wireType: number; end: number; depth: number },
  ): void {
    const { wireType, end, depth } = at;
    const isNumber = field.kind === "uint" || field.kind === "bool";
    if (wireType === 0 && isNumber) {
      const value = this.varint();
      put(record, field, field.kind === "bool" ? value !== 0 : value);
      return;
    }
    if (wireType !== 2 || field.kind === "bool" || (field.kind === "uint" && !field.isRepeated)) {
      throw wrongWireType(field);
    }
    const length = this.varint();
    const stop = this.position + length;
    if (stop > end) throw cutOff();
    if (field.kind === "uint") {
      while (this.position < stop) put(record, field, this.varint());
      if (this.position > stop) throw cutOff();
    } else if (field.kind === "message") {
      put(record, field, this.#message(field.schema!, stop, depth + 1));
    } else if (field.kind === "string") {
      put(record, field, this.#text(stop));
    } else {
      this.count();
      put(record, field, this.bytes.subarray(this.position, stop));
      this.position = stop;
    }
  }

  count(): void {
    if (this.#messagesLeft === 0) throw malformed("it holds too many messages");
    this.#messagesLeft -= 1;
  }

  #text(stop: number): string {
    const start = this.position;
    this.position = stop;
    try {
      return readUtf8(this.bytes, start, stop);
    } catch (cause) {
      throw malformed("a string is not UTF-8", cause);
    }
  }

  skipField(wireType: number, end: number): void {
    if (wireType === 0) this.#skipVarint();
    else if (wireType === 1) this.#skip(8);
    else if (wireType === 2) this.#skip(this.varint());
    else if (wireType === 5) this.#skip(4);
    else throw malformed("a wire type is unknown");
    if (this.position > end) throw cutOff();
  }

  /** Its value is of no interest, so it may be any of 64 bits: a newer peer may use signed numbers. */
  #skipVarint(): void {
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      if (this.position >= this.end) throw cutOff();
      if (this.bytes[this.position++]! < 128) return;
    }
    throw malformed("a number is too large");
  }

  #skip(length: number): void {
    if (length > this.end - this.position) throw cutOff();
    this.position += length;
  }
}

/** Decodes one message that fills `bytes`. Byte fields are views of the input. Errors: "malformed". */
export function decode<T extends object>(schema: Schema<T>, bytes: Uint8Array): T {
  return new Reader(bytes).message(schema);
}

/** The field that a tag is of; undefined when it is not known here. */
export function fieldOf({ byNumber }: Schema<object>, tag: number): NamedField | undefined {
  const number = Math.floor(tag / 8);
  if (number === 0) throw malformed("field number 0 does not exist");
  return number < byNumber.length ? byNumber[number] : undefined;
}

export function wrongWireType({ name }: NamedField): Failure {
  return malformed(`field ${name} has a wrong wire type`);
}

function put(record: Record<string, unknown>, field: NamedField, value: unknown): void {
  if (!field.isRepeated) {
    record[field.name] = value;
    return;
  }
  const items = record[field.name] as unknown[];
  if (items.length === 0) record[field.name] = [value];
  else items.push(value);
}

export function cutOff(): Failure {
  return malformed("it is cut off");
}

export function malformed(what: string, cause?: unknown): Failure {
  return new Failure("malformed", `The bytes are not a valid message: ${what}.`, { cause });
}
