/** What a standby asks of the installation that it follows, however the two are connected. */
import type { Identity, Manifest } from "../manifest.js";
import type { SmallFile } from "../stable-files.js";
import type { BackupSink } from "../take-backup.js";

export interface TailRequest extends Identity {
  /** Names the standby. */
  readonly standby: string;
  /** Where to read: everything before this is durable on the standby. */
  readonly segment: number;
  readonly position: number;
  /** Records that the standby has, of all there ever were. */
  readonly records: number;
  readonly bytesMax: number;
  /** How long to wait when there is nothing new, at most. */
  readonly waitMs: number;
  /** The CRC-32 of what the standby holds from `checkFrom` to `position`: it has to be the same here. */
  readonly checkFrom: number;
  readonly checkCrc: number;
}

export interface TailChunk {
  /** Durable bytes of the segment from the position on; none when nothing came in time. */
  readonly bytes: Buffer;
  /** The segment is complete, and these bytes reach its end. */
  readonly isComplete: boolean;
  /** What is durable beyond these bytes. */
  readonly behindBytes: number;
  /** Records that there ever were. */
  readonly records: number;
  /** Of the wrapped keys, which are to be fetched when it changes, before these bytes count as received. */
  readonly keysPrint: string;
}

/** Errors of every call: "unavailable" when it cannot be reached, "standby-refused" when the token is wrong. */
export interface Primary {
  /** Gives a base: a whole backup. Errors: "standby-busy" while another is given, "standby-base-too-slow". */
  base(standby: string, sink: BackupSink): Promise<Manifest>;
  /**
   * What follows a position. Errors: "standby-diverged" (another installation or timeline, or other bytes before the
   * position), "standby-trimmed" (the segment is no longer kept): a new base is needed.
   */
  tail(request: TailRequest): Promise<TailChunk>;
  keys(): Promise<readonly SmallFile[]>;
}
