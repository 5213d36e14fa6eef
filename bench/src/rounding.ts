import type { Histogram } from "./histogram.js";

/** To two places after the point. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** To three. */
export function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The quantile in whole microseconds. */
export function microseconds(histogram: Histogram, share: number): number {
  return Math.round(histogram.quantileMs(share) * 1000);
}
