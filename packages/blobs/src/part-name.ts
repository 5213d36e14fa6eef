/**
 * The names of parts:
 *
 *   name := id[-variant].part.tenant          0123456789abcdef0123456789abcdef-thumbnail.000000.main
 *
 * They are safe as the names of files and of objects, and say whose they are.
 */
import { assert } from "@parley/base";

const NAME = /^([\da-f]{32})(?:-([a-z]{1,16}))?\.(\d{6})\.([a-z0-9-]{1,32})$/;
const PART_DIGITS = 6;

/** One part of a blob. */
export interface BlobPart {
  readonly tenant: string;
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** Another blob about the same thing, such as "thumbnail"; empty for the thing itself. */
  readonly variant: string;
  /** From 0. */
  readonly part: number;
}

export function partName({ tenant, id, variant, part }: BlobPart): string {
  const name = `${id}${variant === "" ? "" : `-${variant}`}.${String(part).padStart(PART_DIGITS, "0")}.${tenant}`;
  assert(NAME.test(name), "a part has a name that is one");
  return name;
}

/** Undefined for what is not the name of a part. */
export function parsePartName(name: string): BlobPart | undefined {
  const [, id, variant = "", part, tenant] = NAME.exec(name) ?? [];
  if (id === undefined) return undefined;
  return { tenant: tenant!, id, variant, part: Number(part) };
}
