/** A schema with a field of each kind, for tests of the codec. */
import {
  bool,
  bytes,
  bytesList,
  list,
  nested,
  schema,
  string,
  strings,
  uint,
  uints,
} from "../codec/schema.js";

export const Leaf = schema("Leaf", { text: string(1), number: uint(2) });

/** The fields; a test may add some with higher numbers. */
export const FIELD_KINDS = {
  text: string(1),
  data: bytes(2),
  number: uint(3),
  flag: bool(4),
  leaf: nested(5, Leaf),
  texts: strings(6),
  datas: bytesList(7),
  numbers: uints(8),
  leaves: list(9, Leaf),
};
