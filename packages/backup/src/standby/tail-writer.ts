/**
 * Writes what follows a base into the journal of a copy: whole commits only, each checked, each durable before it counts.
 *
 *   header of a new segment ─► draft, sync, name          commits ─► write, sync ─► `position` moves
 *
 * So the copy is at every moment a journal that opens, and `position` is never beyond what is durable.
 */
import { Failure } from "@parley/base";
import {
  CommitReader,
  type SegmentFile,
  headerWithoutTrims,
  parseHeader,
  segmentPath,
  segmentsAmong,
} from "@parley/engine-embedded";
import { crc32 } from "node:zlib";
import { type BackupFiles, findContent, writeWhole } from "../backup-files.js";
import { CHECK_BYTES_MAX } from "./standby-source.js";

export class TailWriter {
  readonly #files: BackupFiles;
  readonly #directory: string;
  #segment: number;
  #file: SegmentFile | undefined;
  #reader: CommitReader | undefined;
  /** The end of what is held, for the comparison with the primary. */
  #end = Buffer.alloc(0);
  #records = 0;

  /** Goes on where the journal in a directory ends; a torn end is cut off. Errors: "log-corrupt". */
  static async open(files: BackupFiles, directory: string): Promise<TailWriter> {
    const names = await files.openDirectory(directory);
    const { segments, drafts } = segmentsAmong(names);
    for (const draft of drafts) await files.remove(`${segmentPath(directory, draft)}.new`);
    const last = segments.at(-1);
    if (last === undefined)
      throw new Failure("log-corrupt", `There is no segment in ${directory}: fetch a new base.`);
    const writer = new TailWriter(files, directory, last);
    await writer.#reopen();
    return writer;
  }

  private constructor(files: BackupFiles, directory: string, segment: number) {
    this.#files = files;
    this.#directory = directory;
    this.#segment = segment;
  }

  get segment(): number {
    return this.#segment;
  }

  /** In the segment: everything before is durable. */
  get position(): number {
    return this.#reader?.state.position ?? 0;
  }

  /** Records there are, of all there ever were. */
  get records(): number {
    return this.#reader?.records ?? this.#records;
  }

  /** For the comparison with the primary: a piece of what is held, up to `position`. */
  get check(): { readonly checkFrom: number; readonly checkCrc: number } {
    return { checkFrom: this.position - this.#end.length, checkCrc: crc32(this.#end) };
  }

  /**
   * Takes the bytes at `position`, and keeps the whole commits among them. Returns how many bytes that were: with 0 of a full
   * chunk a larger one is needed.
   * Errors: "log-corrupt" with file and position; those of the file system, after which it is opened again.
   */
  async add(bytes: Buffer): Promise<number> {
    if (bytes.length === 0) return 0;
    if (this.#reader !== undefined) return this.#addCommits(bytes);
    const path = segmentPath(this.#directory, this.#segment);
    const header = headerWithoutTrims(bytes);
    if (header === undefined) return 0;
    await writeWhole(this.#files, path, header);
    await this.#reopen();
    return header.length + (await this.#addCommits(bytes.subarray(header.length)));
  }

  /** The segment is complete: what comes belongs to the next. */
  async next(): Promise<void> {
    this.#records = this.records;
    await this.#file?.close();
    this.#file = undefined;
    this.#reader = undefined;
    this.#end = Buffer.alloc(0);
    this.#segment += 1;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #addCommits(bytes: Buffer): Promise<number> {
    const position = this.position;
    const length = this.#reader!.take(bytes);
    if (length === 0) return 0;
    const commits = bytes.subarray(0, length);
    await this.#file!.write(commits, position);
    await this.#file!.sync();
    this.#end = Buffer.concat([this.#end, commits]).subarray(-CHECK_BYTES_MAX);
    return length;
  }

  async #reopen(): Promise<void> {
    const path = segmentPath(this.#directory, this.#segment);
    const content = (await findContent(this.#files, path)) ?? Buffer.alloc(0);
    const found = parseHeader(content);
    if (found === undefined) throw new Failure("log-corrupt", `${path} is damaged: fetch a new base.`);
    const reader = new CommitReader(path, found.header, found.length);
    const length = reader.take(content.subarray(found.length));
    const end = found.length + length;
    const file = await this.#files.openSegment(path, false);
    // What a crash has torn comes again; and what was in memory only is made durable by writing it again.
    await file.truncate(end);
    await file.write(content.subarray(0, end), 0);
    await file.sync();
    await this.#files.syncDirectory(this.#directory);
    this.#file = file;
    this.#reader = reader;
    this.#end = Buffer.from(content.subarray(Math.max(found.length, end - CHECK_BYTES_MAX), end));
  }
}
