import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./fit.js";
import { type Plot, decadesOf, drawPlot, valueTicks } from "./plot.js";

const POINTS = [10, 100, 1_000, 10_000, 100_000].flatMap((n) => [
  { n, value: 50 + n / 1_000 },
  { n, value: 52 + n / 1_000 },
]);
const PLOT: Plot = {
  title: 'Cost of a send & its "tail" < 1 s',
  xLabel: "members",
  yLabel: "µs",
  series: [
    { label: "processor time", points: POINTS, fit: judge(POINTS).best },
    { label: "not fitted", points: POINTS, fit: undefined },
  ],
};

/** Every tag is closed in order and every attribute is quoted. Errors: an Error with the place. */
function elementsOf(xml: string): Map<string, number> {
  const counts = new Map<string, number>();
  const open: string[] = [];
  let at = 0;
  while (at < xml.length) {
    const start = xml.indexOf("<", at);
    const text = xml.slice(at, start < 0 ? undefined : start);
    if (/>|&(?!(amp|lt|gt|quot);)/.test(text)) throw new Error(`Text that is not escaped: ${text}`);
    if (start < 0) break;
    const tag = /^<(\/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<]*")*)(\/?)>/.exec(xml.slice(start));
    if (tag === null) throw new Error(`No tag: ${xml.slice(start, start + 80)}`);
    const [whole, closing, name = "", , lone] = tag;
    if (closing === "/") {
      if (open.pop() !== name) throw new Error(`${name} closes what is not open.`);
    } else {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (lone !== "/") open.push(name);
    }
    at = start + whole.length;
  }
  if (open.length > 0) throw new Error(`Not closed: ${open.join(", ")}`);
  return counts;
}

test("a drawing is well-formed and has every point, one curve for each law and its title", () => {
  const svg = drawPlot(PLOT);
  const elements = elementsOf(svg);
  // One circle more for each series in the legend.
  deepEqual([elements.get("circle"), elements.get("path"), elements.get("svg")], [22, 1, 1]);
  ok(svg.includes("Cost of a send &amp; its &quot;tail&quot; &lt; 1 s"));
  ok(svg.includes("prefers-color-scheme: dark"));
});

test("all that is drawn lies within the page, and the larger value higher", () => {
  const svg = drawPlot(PLOT);
  const places = [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
  ok(places.every(([x, y]) => x! >= 0 && x! <= 640 && y! >= 0 && y! <= 360));
  const [, small, , , , , , , , , large] = places;
  ok(large![1]! < small![1]! && large![0]! > small![0]!);
});

test("sizes are marked at powers of ten", () => {
  deepEqual(decadesOf(10, 100_000), [10, 100, 1_000, 10_000, 100_000]);
  deepEqual(decadesOf(20, 16_384), [10, 100, 1_000, 10_000, 100_000]);
  deepEqual(decadesOf(100, 100), [100, 1_000]);
});

test("values are marked in round steps from 0 to above the largest", () => {
  deepEqual(valueTicks(150), [0, 50, 100, 150]);
  deepEqual(valueTicks(151), [0, 50, 100, 150, 200]);
  deepEqual(valueTicks(0.9), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  deepEqual(valueTicks(7), [0, 2, 4, 6, 8]);
  for (let value = 1e-3; value < 1e7; value *= 1.37) {
    const ticks = valueTicks(value);
    ok(
      ticks.at(-1)! >= value * 0.999 && ticks.length >= 3 && ticks.length <= 7,
      `${value}: ${ticks.join(" ")}`,
    );
  }
});

test("text stands for sizes and values as people write them", () => {
  const svg = drawPlot(PLOT);
  for (const text of [">10<", ">100<", ">1k<", ">10k<", ">100k<", ">50<", ">150<"])
    ok(svg.includes(text), text);
});

test("a plot without points is refused", () => {
  throws(() => drawPlot({ ...PLOT, series: [] }), RangeError);
  throws(() => drawPlot({ ...PLOT, series: [{ label: "x", points: [], fit: undefined }] }), RangeError);
  equal(elementsOf(drawPlot({ ...PLOT, series: PLOT.series.slice(1) })).get("path") ?? 0, 0);
});
