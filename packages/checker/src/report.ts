/** What a check says: which invariants were broken, how often, and the smallest examples. */
import type { AnomalyCode } from "./anomaly-codes.js";

export type Invariant =
  | "I1"
  | "I1'"
  | "I1''"
  | "I2"
  | "I3"
  | "I3'"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "I8"
  | "I9"
  | "I11"
  | "I12";

export interface Anomaly {
  readonly invariant: Invariant;
  /** Names the kind of anomaly, stable: see docs/subsystems/checker.md. */
  readonly code: AnomalyCode;
  readonly count: number;
  /** At most EXAMPLES_MAX sentences, the smallest first: the lowest sequence or PTS at which it happened. */
  readonly examples: readonly string[];
}

export interface Figures {
  readonly sendsOk: number;
  readonly sendsFailed: number;
  readonly sendsUnknown: number;
  /** Different places that messages were given. */
  readonly messages: number;
  /** Different places in queues that events were given. */
  readonly events: number;
  /** Events that devices applied. */
  readonly deliveries: number;
  /** Assignments that were said again. */
  readonly repeats: number;
  /** Messages that a device which could not drain did not get to: neither lost nor delivered. */
  readonly unseen: number;
  readonly users: number;
  readonly devices: number;
  readonly conversations: number;
}

export interface Report {
  /** Empty for a correct run. */
  readonly anomalies: readonly Anomaly[];
  readonly figures: Figures;
}

export interface CheckOptions {
  /** How long after healing every device has to have everything; 8 s unless told. */
  readonly recoveryMsMax?: number;
}
