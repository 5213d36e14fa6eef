/** Reading an object that came as JSON: each field is what it is asked to be, or the call is refused by its name. */
import { Failure } from "@parley/base";
import type { Key } from "@parley/tables";

/** More than the key of any table has. */
const KEY_PARTS_MAX = 16;
/** Not Unicode, so no key holds it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Errors of every method: "bad-request", naming the field. */
export interface Fields {
  has(name: string): boolean;
  value(name: string): unknown;
  text(name: string): string;
  flag(name: string): boolean;
  /** A whole number from 0 that a double holds exactly. */
  count(name: string): number;
  /** A key of a row: texts and whole numbers. */
  key(name: string): Key;
  list<T>(name: string, itemsMax: number, parse: (item: unknown) => T): readonly T[];
}

/** Errors: "bad-request" when `value` is not an object. */
export function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("the call", "an object");
  const of = (name: string): unknown => (value as Record<string, unknown>)[name];
  return {
    has: (name) => of(name) !== undefined,
    value: of,
    text: (name) => {
      const found = of(name);
      if (typeof found !== "string") throw bad(name, "a text");
      return found;
    },
    flag: (name) => {
      const found = of(name);
      if (typeof found !== "boolean") throw bad(name, "true or false");
      return found;
    },
    count: (name) => {
      const found = of(name);
      if (!Number.isSafeInteger(found) || (found as number) < 0) throw bad(name, "a whole number from 0");
      return found as number;
    },
    key: (name) => {
      const found = of(name);
      if (!isKey(found)) throw bad(name, `a list of at most ${KEY_PARTS_MAX} texts and whole numbers from 0`);
      return found;
    },
    list: (name, itemsMax, parse) => {
      const found = of(name);
      if (!Array.isArray(found) || found.length > itemsMax) throw bad(name, `a list of at most ${itemsMax}`);
      return found.map(parse);
    },
  };
}

/** Whether a value out of JSON is a key of a row. */
export function isKey(value: unknown): value is Key {
  if (!Array.isArray(value) || value.length > KEY_PARTS_MAX) return false;
  return value.every((part: unknown) =>
    typeof part === "string"
      ? !LONE_SURROGATE.test(part)
      : Number.isSafeInteger(part) && (part as number) >= 0,
  );
}

function bad(name: string, expected: string): Failure {
  return new Failure("bad-request", `${name} must be ${expected}.`, { retry: "after-change" });
}
