/**
 * How a cost grows: which of three laws tells measured points best, and how well.
 *
 * Each law is fitted by least squares of the relative error, for what disturbs a measurement disturbs it by a share of it, and points
 * over five decades must not be ruled by the largest ones. Among the laws that with the smallest AICc wins: a law with one number more has to
 * earn it (Burnham and Anderson, Model Selection and Multimodel Inference, 2002, section 2.4).
 */
import { thousandths } from "../rounding.js";

export interface Point {
  /** Above 0. */
  readonly n: number;
  /** Above 0; in whatever unit. */
  readonly value: number;
}

export type Law = "constant" | "logarithmic" | "linear";

export interface Fit {
  readonly law: Law;
  /** The value is `base + slope * g(n)`, where g is 0, log10(n) or n. */
  readonly base: number;
  readonly slope: number;
  /** Of the relative errors: how much of the variation the law explains. 0 for the constant. */
  readonly rSquared: number;
  /** Typical relative error of a point: the square root of the mean square. */
  readonly error: number;
  readonly aicc: number;
}

export interface Verdict {
  /** The law that fits best. */
  readonly best: Fit;
  /** All three, the best first. */
  readonly fits: readonly Fit[];
  /**
   * "told" when the law can be believed; "flat" when it grows so little over the measured range that it does not matter; "noisy" when what is
   * measured varies too much to tell; "few" when there are too few points; "unexplained" when it clearly grows, by none of these laws.
   */
  readonly standing: "told" | "flat" | "noisy" | "few" | "unexplained";
}

/** Below this AICc is not defined for two numbers and a variance. */
const POINTS_MIN = 5;
const SIZES_MIN = 3;
/** A constant whose points vary by more is no constant, nor is it known to be anything else. */
const CONSTANT_ERROR_MAX = 0.25;
/** Growth over the whole range that nobody would notice. */
const FLAT_GROWTH_MAX = 0.1;
const R_SQUARED_MIN = 0.8;
/** Points that are told to a thousandth are told by any law; the logarithm of 0 is not. */
const ERROR_MIN = 1e-6;

const LAWS: Readonly<Record<Law, (n: number) => number>> = {
  constant: () => 0,
  logarithmic: Math.log10,
  linear: (n) => n,
};

/** Fits all laws. Errors: a RangeError for points that are not above 0. */
export function judge(points: readonly Point[]): Verdict {
  if (points.length === 0) throw new RangeError("There is no point to fit.");
  for (const { n, value } of points) {
    if (!(n > 0 && value > 0)) throw new RangeError(`No law is fitted through ${value} at ${n}.`);
  }
  const fits = (["constant", "logarithmic", "linear"] as const)
    .map((law) => fitOf(law, points))
    .toSorted((one, other) => one.aicc - other.aicc);
  const best = fits[0]!;
  return { best, fits, standing: standingOf(best, points) };
}

/** What a law says of a size. */
export function valueAt({ law, base, slope }: Fit, n: number): number {
  return base + slope * LAWS[law](n);
}

/** By how much a law grows from the smallest size to the largest, as a share of the smaller value. */
export function growthOf(fit: Fit, points: readonly Point[]): number {
  const sizes = points.map(({ n }) => n);
  const [from, until] = [valueAt(fit, Math.min(...sizes)), valueAt(fit, Math.max(...sizes))];
  return (until - from) / Math.max(Number.EPSILON, Math.min(Math.abs(from), Math.abs(until)));
}

function standingOf(best: Fit, points: readonly Point[]): Verdict["standing"] {
  const sizes = new Set(points.map(({ n }) => n)).size;
  if (points.length < POINTS_MIN || sizes < SIZES_MIN) return "few";
  if (best.law === "constant") return best.error > CONSTANT_ERROR_MAX ? "noisy" : "told";
  if (Math.abs(growthOf(best, points)) <= FLAT_GROWTH_MAX) return "flat";
  return best.rSquared < R_SQUARED_MIN ? "unexplained" : "told";
}

/** Weighted least squares in closed form; the weight of a point is one over its value squared. */
function fitOf(law: Law, points: readonly Point[]): Fit {
  const g = LAWS[law];
  const sum = { w: 0, x: 0, y: 0, xx: 0, xy: 0 };
  for (const { n, value } of points) {
    const weight = 1 / value ** 2;
    const x = g(n);
    sum.w += weight;
    sum.x += weight * x;
    sum.y += weight * value;
    sum.xx += weight * x * x;
    sum.xy += weight * x * value;
  }
  const spread = sum.w * sum.xx - sum.x ** 2;
  const slope = spread > 0 ? (sum.w * sum.xy - sum.x * sum.y) / spread : 0;
  const base = (sum.y - slope * sum.x) / sum.w;
  const mean = sum.y / sum.w;
  let [unexplained, total] = [0, 0];
  for (const { n, value } of points) {
    unexplained += ((value - base - slope * g(n)) / value) ** 2;
    total += ((value - mean) / value) ** 2;
  }
  const count = points.length;
  // The variance is a number that is fitted, too.
  const numbers = law === "constant" ? 2 : 3;
  const error = Math.sqrt(unexplained / count);
  return {
    law,
    base,
    slope,
    rSquared: total > 0 ? 1 - unexplained / total : 0,
    error,
    aicc: aiccOf(Math.max(error, ERROR_MIN) ** 2, count, numbers),
  };
}

function aiccOf(variance: number, count: number, numbers: number): number {
  const rest = count - numbers - 1;
  const correction = rest > 0 ? (2 * numbers * (numbers + 1)) / rest : Number.POSITIVE_INFINITY;
  return count * Math.log(variance) + 2 * numbers + correction;
}

export interface Subject {
  /** "A send", "One page". */
  readonly name: string;
  /** "costs", "takes". */
  readonly verb: string;
  /** "µs", "ms", "bytes". */
  readonly unit: string;
  /** "members of the group". */
  readonly of: string;
}

/** Tells a verdict with its numbers, as one or two sentences. */
export function sentence(subject: Subject, points: readonly Point[], { best, standing }: Verdict): string {
  const { name, verb, unit, of } = subject;
  const sizes = points.map(({ n }) => n);
  const [from, until] = [Math.min(...sizes), Math.max(...sizes)];
  const range = `from ${whole(from)} to ${whole(until)}`;
  const values = points.map(({ value }) => value);
  const measured = `${amount(Math.min(...values))} to ${amount(Math.max(...values))} ${unit}`;
  const error = `±${percent(best.error)}`;
  if (standing === "few")
    return `${name} ${verb} ${measured}: too few points to tell how it grows with ${of}.`;
  if (standing === "noisy")
    return `${name} ${verb} ${measured}, ${range} ${of}, without a trend: what was measured varies by ${error}, so no law is claimed.`;
  if (best.law === "constant")
    return `${name} ${verb} ${amount(best.base)} ${unit} (${error}) and does not grow with ${of}, ${range}.`;
  const ends = `${amount(valueAt(best, from))} ${unit} at ${whole(from)}, ${amount(valueAt(best, until))} ${unit} at ${whole(until)}`;
  if (standing === "flat")
    return `${name} ${verb} nearly the same for all ${of}, ${range}: ${ends}, ${percent(growthOf(best, points))} over all of it.`;
  const law = lawText(best, unit, of);
  if (standing === "unexplained")
    return `${name} ${verb} ${measured}, ${range} ${of}, and none of the three laws tells it; the nearest is ${law} (R² ${thousandths(best.rSquared)}).`;
  return `${name} ${verb} ${law}, ${range}: ${ends} (R² ${thousandths(best.rSquared)}, ${error}).`;
}

function lawText({ law, base, slope }: Fit, unit: string, of: string): string {
  const sign = slope < 0 ? "-" : "+";
  if (law === "logarithmic")
    return `${amount(base)} ${unit} ${sign} ${amount(Math.abs(slope))} ${unit} for ten times the ${of}`;
  // The step is chosen so that its cost is a number that can be read.
  const step = 10 ** Math.max(0, Math.ceil(-Math.log10(Math.max(Math.abs(slope), Number.MIN_VALUE))));
  const each = step === 1 ? `each of the ${of}` : `each ${whole(step)} ${of}`;
  return `${amount(base)} ${unit} ${sign} ${amount(Math.abs(slope) * step)} ${unit} for ${each}`;
}

/** Three digits that count. */
export function amount(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return whole(Number(value.toFixed(digits)));
}

function whole(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 3 });
}

function percent(share: number): string {
  return `${Math.abs(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}
