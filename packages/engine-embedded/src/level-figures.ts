/** What LevelDB says about its files and how much it has rewritten them, which it knows to the megabyte. */

const MEGABYTE = 1024 * 1024;
/** A line of "leveldb.stats": level, files, size, seconds, read, written; sizes in megabytes. */
const LEVEL_LINE = /^ *\d+ +(\d+) +(\d+) +\d+ +(\d+) +(\d+) *$/;

export interface LevelFigures {
  readonly files: number;
  readonly fileBytes: number;
  /** By compactions since the start. */
  readonly readBytes: number;
  /** By compactions since the start, and by writing what was in memory to files; its log not counted. */
  readonly writtenBytes: number;
}

/** The sums over all levels of what the property "leveldb.stats" lists. */
export function parseLevelStats(text: string): LevelFigures {
  let [files, size, read, written] = [0, 0, 0, 0];
  for (const line of text.split("\n")) {
    const fields = LEVEL_LINE.exec(line);
    if (fields === null) continue;
    files += Number(fields[1]);
    size += Number(fields[2]);
    read += Number(fields[3]);
    written += Number(fields[4]);
  }
  return {
    files,
    fileBytes: size * MEGABYTE,
    readBytes: read * MEGABYTE,
    writtenBytes: written * MEGABYTE,
  };
}
