/** From recorded points to what is told and drawn of them. */
import type { GrowthResult } from "../results/recorded.js";
import type { Curve, GrowthAxis } from "./axis.js";
import { CONNECTIONS } from "./axes/connections.js";
import { CONVERSATIONS } from "./axes/conversations.js";
import { HISTORY } from "./axes/history.js";
import { MEMBERS } from "./axes/members.js";
import { SIZE } from "./axes/size.js";
import { type Fit, type Point, type Verdict, judge, sentence } from "./fit.js";
import { type PlotSeries, drawPlot } from "./plot.js";

/** In the order in which they are measured and told. */
export const AXES: readonly GrowthAxis[] = [MEMBERS, CONVERSATIONS, HISTORY, CONNECTIONS, SIZE];

export interface ToldCurve {
  readonly axis: GrowthAxis;
  readonly curve: Curve;
  readonly verdict: Verdict;
  readonly sentence: string;
  /** The drawing. */
  readonly svg: string;
}

/** Tells and draws all curves that have points. */
export function tellCurves(result: Pick<GrowthResult, "axes">): readonly ToldCurve[] {
  return result.axes.flatMap(({ name, points }) => {
    const axis = AXES.find((each) => each.name === name);
    if (axis === undefined) throw new Error(`There is no "${name}" that grows.`);
    return axis.curves.flatMap((curve) => tellCurve(axis, curve, points) ?? []);
  });
}

type Recorded = GrowthResult["axes"][number]["points"];

function tellCurve(axis: GrowthAxis, curve: Curve, recorded: Recorded): ToldCurve | undefined {
  const points = pointsOf(curve, curve.figure, recorded);
  if (points.length === 0) return undefined;
  const verdict = judge(points);
  const { subject, title, beside = {} } = curve;
  const others = Object.entries(beside).map(([label, figure]): PlotSeries => {
    const found = pointsOf(curve, figure, recorded);
    return { label, points: found, fit: found.length === 0 ? undefined : believed(judge(found)) };
  });
  const main = { label: labelOf(curve), points, fit: believed(verdict) };
  const series = [main, ...others.filter((each) => each.points.length > 0)];
  return {
    axis,
    curve,
    verdict,
    sentence: sentence({ ...subject, of: axis.of }, points, verdict),
    svg: drawPlot({ title, xLabel: axis.of, yLabel: subject.unit, series }),
  };
}

/** What is too noisy, or follows no law, is drawn as points only. */
function believed({ best, standing }: Verdict): Fit | undefined {
  return standing === "told" || standing === "flat" ? best : undefined;
}

function pointsOf({ from = 0, until = Infinity }: Curve, figure: string, recorded: Recorded): Point[] {
  return recorded
    .filter(({ size, figures }) => size >= from && size <= until && (figures[figure] ?? 0) > 0)
    .map(({ size, figures }) => ({ n: size, value: figures[figure]! }));
}

function labelOf({ figure, subject, beside }: Curve): string {
  if (beside !== undefined) return /p\d+/.exec(figure)?.[0] ?? figure;
  return subject.unit === "µs" ? "processor time" : "measured";
}
