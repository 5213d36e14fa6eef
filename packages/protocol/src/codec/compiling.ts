import type { Reader } from "./reader.js";
import type { Schema } from "./schema.js";
import type { Writer } from "./writer.js";

/** What reads and writes whole messages instead of Reader and Writer, once ./compiled.ts has put it here. */
export const compiling: {
  read?: (reader: Reader, schema: Schema<object>, end: number) => object;
  copy?: (schema: Schema<object>, value: object) => object;
  write?: (writer: Writer, schema: Schema<object>, value: object) => void;
} = {};
