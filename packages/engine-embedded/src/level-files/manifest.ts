/**
 * The manifest of LevelDB: a log file whose records are edits, each a list of tags with what belongs to them. Together
 * they say which files hold the rows.
 * Source: VersionEdit in google/leveldb.
 */
import { ByteReader } from "./varint.js";

const COMPARATOR = 1;
const LOG_NUMBER = 2;
const NEXT_FILE = 3;
const LAST_SEQUENCE = 4;
const COMPACT_POINTER = 5;
const DELETED_FILE = 6;
const NEW_FILE = 7;
const PREVIOUS_LOG_NUMBER = 9;

export interface LiveFiles {
  /** Numbers of the table files. */
  readonly tables: ReadonlySet<number>;
  /** Log files from this number on are read at opening; 0 before there was one. */
  readonly logNumber: number;
}

/** What the edits come to; undefined when one cannot be read. */
export function readEdits(edits: readonly Uint8Array[]): LiveFiles | undefined {
  const tables = new Set<number>();
  let logNumber = 0;
  for (const edit of edits) {
    const reader = new ByteReader(edit);
    while (!reader.isAtEnd) {
      const tag = reader.varint() ?? 0;
      switch (tag) {
        case COMPARATOR:
          if (reader.prefixed() === undefined) return undefined;
          break;
        case LOG_NUMBER:
          logNumber = reader.varint() ?? Number.NaN;
          break;
        case NEXT_FILE:
        case LAST_SEQUENCE:
        case PREVIOUS_LOG_NUMBER:
          if (reader.varint() === undefined) return undefined;
          break;
        case COMPACT_POINTER:
          if (reader.varint() === undefined || reader.prefixed() === undefined) return undefined;
          break;
        case DELETED_FILE:
          reader.varint();
          tables.delete(reader.varint() ?? Number.NaN);
          break;
        case NEW_FILE: {
          reader.varint();
          const number = reader.varint();
          const bounds = [reader.varint(), reader.prefixed(), reader.prefixed()];
          if (number === undefined || bounds.includes(undefined)) return undefined;
          tables.add(number);
          break;
        }
        default:
          return undefined;
      }
    }
  }
  return Number.isNaN(logNumber) ? undefined : { tables, logNumber };
}
