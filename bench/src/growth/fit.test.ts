import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { seededUnit } from "../seeded-unit.js";
import { type Point, growthOf, judge, sentence, valueAt } from "./fit.js";

const SIZES = [10, 100, 1_000, 10_000, 100_000];
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed + 1);
const SEND = { name: "A send", verb: "costs", unit: "µs", of: "members" };

/** A law measured twice at each size, with a relative error of up to `noise` either way. */
function measured(law: (n: number) => number, noise: number, seed: number): Point[] {
  const unit = seededUnit(seed);
  return [...SIZES, ...SIZES].map((n) => ({ n, value: law(n) * (1 + noise * (2 * unit() - 1)) }));
}

/** How often a law is told, by its name, of as many measurements as there are seeds. */
function told(law: (n: number) => number, noise: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const seed of SEEDS) {
    const { best, standing } = judge(measured(law, noise, seed));
    const name = standing === "told" ? best.law : standing;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test("a constant is told from 200 noisy measurements of it, but for a few", () => {
  const counts = told(() => 61, 0.1);
  ok((counts.get("constant") ?? 0) + (counts.get("flat") ?? 0) >= 180, JSON.stringify([...counts]));
});

test("a logarithm is told", () => {
  const counts = told((n) => 20 + 8 * Math.log10(n), 0.1);
  ok((counts.get("logarithmic") ?? 0) >= 180, JSON.stringify([...counts]));
});

test("a line is told, also where its first part is hidden by its base", () => {
  for (const slope of [0.01, 1]) {
    const counts = told((n) => 20 + slope * n, 0.1);
    ok((counts.get("linear") ?? 0) >= 198, JSON.stringify([...counts]));
  }
});

test("a law without noise is found with its numbers", () => {
  const points = measured((n) => 20 + 8 * Math.log10(n), 0, 1);
  const { best } = judge(points);
  deepEqual(
    [best.law, best.base.toFixed(6), best.slope.toFixed(6), best.rSquared.toFixed(6)],
    ["logarithmic", "20.000000", "8.000000", "1.000000"],
  );
  equal(valueAt(best, 1_000).toFixed(6), "44.000000");
  equal(growthOf(best, points).toFixed(4), ((60 - 28) / 28).toFixed(4));
});

test("noise is hardly ever told as a law", () => {
  const counts = told(() => 61, 0.7);
  const claimed = ["constant", "logarithmic", "linear"].reduce((sum, law) => sum + (counts.get(law) ?? 0), 0);
  ok(claimed <= SEEDS.length / 20, JSON.stringify([...counts]));
  ok((counts.get("noisy") ?? 0) >= SEEDS.length / 2, JSON.stringify([...counts]));
});

test("growth that is none of the laws is not told as one", () => {
  // It goes up and down again.
  const points = measured((n) => (n === 1_000 ? 500 : n === 100_000 ? 30 : 100), 0.02, 3);
  const { standing } = judge(points);
  ok(standing === "noisy" || standing === "unexplained", standing);
});

test("four points are too few", () => {
  const points = SIZES.slice(0, 4).map((n) => ({ n, value: n }));
  equal(judge(points).standing, "few");
});

test("growth of a few percent over all sizes is told as flat", () => {
  const points = measured((n) => 100 + Math.log10(n), 0.001, 5);
  equal(judge(points).standing, "flat");
});

test("a value that is not above 0 is refused", () => {
  throws(() => judge([{ n: 10, value: 0 }]), RangeError);
  throws(() => judge([]), RangeError);
});

test("sentences tell the numbers", () => {
  const tell = (law: (n: number) => number, noise = 0.02, seed = 7): string => {
    const points = measured(law, noise, seed);
    return sentence(SEND, points, judge(points));
  };
  match(
    tell(() => 61, 0.02, 8),
    /^A send costs 6[01](\.\d)? µs \(±[01]\.\d%\) and does not grow with members, from 10 to 100,000\.$/,
  );
  match(
    tell((n) => 20 + 8 * Math.log10(n)),
    /^A send costs (19|20)\.\d µs \+ [78]\.\d+ µs for ten times the members, from 10 to 100,000: 2[78].* at 10, .* \(R² (0\.99\d*|1), ±\d\.\d%\)\.$/,
  );
  match(
    tell((n) => 20 + 0.0105 * n),
    /^A send costs (19|20)\.\d µs \+ 1\.0\d µs for each 100 members, from 10 to 100,000: (19|20)/,
  );
  match(
    tell((n) => 20 + 3 * n),
    /µs \+ (2\.9\d|3|3\.0\d) µs for each of the members, from 10/,
  );
  match(
    tell(() => 61, 0.7, 3),
    /without a trend: what was measured varies by ±\d+%, so no law is claimed\.$/,
  );
});
