/** Draws measured points and their laws as an SVG: sizes on a logarithmic axis, values from 0, readable on light and dark pages. */
import { type Fit, type Point, valueAt } from "./fit.js";

export interface PlotSeries {
  readonly label: string;
  readonly points: readonly Point[];
  /** Nothing is drawn for a law that cannot be believed. */
  readonly fit: Fit | undefined;
}

export interface Plot {
  readonly title: string;
  /** What the sizes are, and the unit of the values. */
  readonly xLabel: string;
  readonly yLabel: string;
  /** 1 to 4, each with a point. */
  readonly series: readonly PlotSeries[];
}

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 72;
const RIGHT = 20;
const TOP = 64;
const BOTTOM = 52;
const TICKS_WANTED = 5;
const CURVE_STEPS = 120;
const RADIUS = 4;
const LEGEND_PIXELS = 150;
export const SERIES_MAX = 4;

const STYLE = `
  svg { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; }
  .page { fill: #ffffff; } .title { font-size: 15px; font-weight: 600; } text { fill: #1f2328; } .label { fill: #59636e; }
  .grid { stroke: #d1d9e0; } .axis { stroke: #59636e; }
  .s0 { --c: #0b62d6; } .s1 { --c: #bc4c00; } .s2 { --c: #1a7f37; } .s3 { --c: #8250df; }
  .curve { stroke: var(--c); stroke-width: 2; fill: none; } .point { fill: var(--c); fill-opacity: 0.75; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } text { fill: #f0f6fc; } .label { fill: #9198a1; }
    .grid { stroke: #2f353d; } .axis { stroke: #9198a1; }
    .s0 { --c: #6cb0ff; } .s1 { --c: #f0883e; } .s2 { --c: #56d364; } .s3 { --c: #c69bff; }
  }
`;

/** The drawing as text. Errors: a RangeError for no series, too many of them, or one without points. */
export function drawPlot(plot: Plot): string {
  const { series } = plot;
  if (series.length === 0 || series.length > SERIES_MAX || series.some(({ points }) => points.length === 0))
    throw new RangeError(`A plot has 1 to ${SERIES_MAX} series with points.`);
  const all = series.flatMap(({ points }) => points);
  const sizes = all.map(({ n }) => n);
  const decades = decadesOf(Math.min(...sizes), Math.max(...sizes));
  const values = valueTicks(Math.max(...all.map(({ value }) => value)));
  const frame = new Frame(decades, values.at(-1)!);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title">`,
    `<title id="title">${escape(plot.title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="title" x="${LEFT}" y="24">${escape(plot.title)}</text>`,
    ...values.map((value) => frame.valueLine(value)),
    ...decades.map((size) => frame.sizeLine(size)),
    `<text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escape(plot.xLabel)}</text>`,
    `<text class="label" x="${LEFT - 8}" y="${TOP - 12}" text-anchor="end">${escape(plot.yLabel)}</text>`,
    ...series.flatMap((each, index) => frame.series(each, index)),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

/** The powers of ten around a range. */
export function decadesOf(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min));
  const last = Math.max(first + 1, Math.ceil(Math.log10(max)));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/** Steps of 1, 2 or 5 times a power of ten, from 0 to above the largest value. */
export function valueTicks(max: number): number[] {
  const rough = max / TICKS_WANTED;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough * 0.999)!;
  const count = Math.ceil((max / step) * 0.999) + 1;
  // Steps below 1 are no exact binary numbers.
  return Array.from({ length: count }, (_, index) => Number((index * step).toPrecision(6)));
}

/** Where sizes and values lie in the drawing. */
class Frame {
  readonly #first: number;
  readonly #last: number;
  readonly #valueMax: number;

  constructor(decades: readonly number[], valueMax: number) {
    this.#first = decades[0]!;
    this.#last = decades.at(-1)!;
    this.#valueMax = valueMax;
  }

  valueLine(value: number): string {
    const y = this.#y(value);
    return (
      `<line class="${value === 0 ? "axis" : "grid"}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>` +
      `<text class="label" x="${LEFT - 8}" y="${shift(y, 4)}" text-anchor="end">${short(value)}</text>`
    );
  }

  sizeLine(size: number): string {
    const x = this.#x(size);
    const foot = HEIGHT - BOTTOM;
    return (
      `<line class="grid" x1="${x}" x2="${x}" y1="${TOP}" y2="${foot}"/>` +
      `<text class="label" x="${x}" y="${foot + 18}" text-anchor="middle">${short(size)}</text>`
    );
  }

  series({ label, points, fit }: PlotSeries, index: number): string[] {
    const x = LEFT + index * LEGEND_PIXELS;
    const head = `<g class="s${index}"><circle class="point" cx="${x + 5}" cy="42" r="${RADIUS}"/><text x="${x + 14}" y="46">${escape(label)}</text>`;
    const curve = fit === undefined ? [] : [`<path class="curve" d="${this.#curve(fit, points)}"/>`];
    const circles = points.map(
      ({ n, value }) =>
        `<circle class="point" cx="${this.#x(n)}" cy="${this.#y(value)}" r="${RADIUS}"><title>${short(n)}: ${short(value)}</title></circle>`,
    );
    return [head, ...curve, ...circles, "</g>"];
  }

  /** Over the measured sizes only: a law is not known beyond them. */
  #curve(fit: Fit, points: readonly Point[]): string {
    const sizes = points.map(({ n }) => n);
    const [from, until] = [Math.log10(Math.min(...sizes)), Math.log10(Math.max(...sizes))];
    const at = Array.from({ length: CURVE_STEPS + 1 }, (_, step) => {
      const n = 10 ** (from + ((until - from) * step) / CURVE_STEPS);
      const value = Math.min(this.#valueMax, Math.max(0, valueAt(fit, n)));
      return `${this.#x(n)} ${this.#y(value)}`;
    });
    return `M${at.join("L")}`;
  }

  #x(size: number): number {
    const share = Math.log10(size / this.#first) / Math.log10(this.#last / this.#first);
    return shift(LEFT + share * (WIDTH - LEFT - RIGHT), 0);
  }

  #y(value: number): number {
    return shift(HEIGHT - BOTTOM - (value / this.#valueMax) * (HEIGHT - TOP - BOTTOM), 0);
  }
}

function shift(pixels: number, by: number): number {
  return Math.round((pixels + by) * 10) / 10;
}

/** 1,500 as "1.5k", 2,000,000 as "2M"; at most three digits that count. */
function short(value: number): string {
  for (const [unit, suffix] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (value >= unit) return `${Number((value / unit).toPrecision(3))}${suffix}`;
  return String(Number(value.toPrecision(3)));
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
