/** What verifying has found, in values that survive JSON. */
import type { Key } from "@parley/tables";

/** How many of what is wrong is named; all of it is counted. */
export const FINDINGS_NAMED_MAX = 20;

/**
 * What is wrong:
 *
 *   file      a file of the database has a byte that was not written, or is missing
 *   checksum  a row is not what was stored
 *   key       a row lies under a key that its table cannot have
 *   seal      a row or a block is not what was sealed there
 *   key-missing   the key store lacks the key of a row or a block, and never destroyed it
 *   block     a block does not unpack, does not hold what its head says, or overlaps the one before
 *   cold      the file of the cold tier that holds a block is missing
 *   value     the value of a row says nothing that its table holds
 *   index     an entry of an index is missing, too many or another one
 *   counter   rows have higher numbers than their counter says were given
 *   unchecked something could not be checked to its end
 */
export type FindingKind =
  | "file"
  | "checksum"
  | "key"
  | "seal"
  | "key-missing"
  | "block"
  | "cold"
  | "value"
  | "index"
  | "counter"
  | "unchecked";

export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
  readonly table?: string;
  readonly partition?: Key;
  readonly sort?: Key;
  readonly file?: string;
  readonly offset?: number;
}

export interface VerifiedIndex {
  readonly table: string;
  readonly index: string;
  /** Only a readable one is compared with its rows. */
  readonly phase: string;
  readonly entries: number;
}

export interface VerifyReport {
  /** Zero while a server runs: files are not read under it. */
  readonly files: number;
  readonly fileBytes: number;
  /** As they are stored: a block is one, beside what it holds. */
  readonly rows: number;
  readonly blocks: number;
  readonly packedRows: number;
  /** Of the blocks, those that lie in the cold tier. */
  readonly coldBlocks: number;
  /** Their time has come; they will be removed. */
  readonly expiredRows: number;
  /** Rows and blocks whose key was destroyed on purpose. */
  readonly shreddedRows: number;
  /** Rows of tables that this version does not know: only their checksums were looked at. */
  readonly unknownRows: number;
  readonly counters: number;
  readonly indexes: readonly VerifiedIndex[];
  /** How much is wrong, by kind. */
  readonly wrong: Readonly<Partial<Record<FindingKind, number>>>;
  /** Some of what is wrong. */
  readonly findings: readonly Finding[];
}

/** Collects what is found. */
export class ReportBuilder {
  files = 0;
  fileBytes = 0;
  rows = 0;
  blocks = 0;
  packedRows = 0;
  coldBlocks = 0;
  expiredRows = 0;
  shreddedRows = 0;
  unknownRows = 0;
  counters = 0;
  readonly indexes: VerifiedIndex[] = [];
  readonly wrong: Partial<Record<FindingKind, number>> = {};
  readonly findings: Finding[] = [];

  /** Counts something wrong, and names it while there is room. `count` is for what is told as one. */
  add(finding: Finding, count = 1): void {
    this.wrong[finding.kind] = (this.wrong[finding.kind] ?? 0) + count;
    if (this.findings.length < FINDINGS_NAMED_MAX) this.findings.push(finding);
  }

  report(): VerifyReport {
    const { files, fileBytes, rows, blocks, packedRows, expiredRows, shreddedRows, unknownRows } = this;
    const { coldBlocks, counters, indexes, wrong, findings } = this;
    const counts = { files, fileBytes, rows, blocks, packedRows, expiredRows, shreddedRows, unknownRows };
    return { ...counts, coldBlocks, counters, indexes, wrong, findings };
  }
}
