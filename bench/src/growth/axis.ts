/** One thing that grows, and what is measured of it. */
import type { Subject } from "./fit.js";

export interface GrowthPlan {
  /** Of one measured window. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** At each size, before the first window: as much as can be done, so that the compiler has seen enough. */
  readonly heatSeconds: number;
  /** Measured windows at each size. */
  readonly windows: number;
  /** Where data directories are made; undefined for the temporary directory. */
  readonly directory: string | undefined;
  readonly seed: number;
}

/** What one window, or one size, gave; a figure that does not fit to this size is left out. */
export interface Measured {
  readonly figures: Readonly<Record<string, number>>;
  /** What makes it worthless. */
  readonly complaints: readonly string[];
}

/** One figure as a function of the size. */
export interface Curve {
  /** Names the file of its plot, and the curve in results. */
  readonly name: string;
  readonly title: string;
  /** What is told as a sentence and fitted. */
  readonly figure: string;
  readonly subject: Omit<Subject, "of">;
  /** Drawn beside it, by label. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Sizes that it is about; all unless told. */
  readonly from?: number;
  readonly until?: number;
}

export interface GrowthAxis {
  readonly name: string;
  readonly heading: string;
  /** "members of the group". */
  readonly of: string;
  /** What is held constant meanwhile, as a sentence. */
  readonly constant: string;
  readonly sizes: { readonly quick: readonly number[]; readonly full: readonly number[] };
  readonly curves: readonly Curve[];
  /** Measures one size, on an installation of its own. */
  measure(size: number, plan: GrowthPlan): Promise<readonly Measured[]>;
}
