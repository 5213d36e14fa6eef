import { Failure, type Clock } from "@parley/base";
import type { Tables, TableSpec } from "../tables.js";
import type { IndexPace } from "./index-pace.js";
import type { IndexState } from "./index-state.js";

/** Names a declared index. */
export interface IndexName {
  readonly table: string;
  readonly index: string;
}

/** How work on an index is done. */
export interface IndexWork {
  /** Rows worked on at a time. Default: as many as take a few milliseconds, see `IndexPace`. */
  readonly chunkRows?: number;
  /** Of the time, from 0 to 1, exclusive and inclusive; the rest is pause. Default 0.2. */
  readonly timeShare?: number;
  /** Called after each chunk. */
  readonly onProgress?: (progress: IndexProgress) => void;
}

export interface IndexProgress extends IndexName {
  readonly step: "building" | "verifying" | "removing";
  /** Rows and entries that this step has gone through. */
  readonly done: number;
}

/** What work on an index needs. */
export interface IndexAccess {
  readonly tables: Tables;
  readonly clock: Clock;
  /** For each walk its own. */
  readonly pace: (work: IndexWork) => IndexPace;
  /** Runs a task while nothing is written. */
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
}

/** An index of either kind. */
interface WorkedIndex {
  readonly table: Pick<TableSpec, "name">;
  readonly spec: { readonly name: string };
  readonly state: IndexState;
}

/** Errors: "index-dropped". */
export function checkPresent(index: WorkedIndex, generation: number): void {
  if (index.state.phase !== "absent" && index.state.generation === generation) return;
  throw new Failure(
    "index-dropped",
    `The index ${index.spec.name} of ${index.table.name} was dropped while it was being worked on.`,
    { retry: "after-change" },
  );
}
