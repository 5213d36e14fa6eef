import { deepEqual, match, ok, rejects, throws } from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AXES, tellCurves } from "./curves.js";
import { growth, withoutGaps } from "./growth.js";

test("every curve of every axis has a name of its own", () => {
  const names = AXES.flatMap(({ curves }) => curves.map(({ name }) => name));
  deepEqual(new Set(names).size, names.length);
});

test("all that grows is measured at enough sizes to tell a law, also in short runs", () => {
  const few = AXES.flatMap(({ sizes, curves }) =>
    curves.flatMap(({ name, from = 0, until = Infinity }) =>
      [sizes.quick, sizes.full]
        .map((all) => all.filter((size) => size >= from && size <= until).length)
        .filter((count) => count < 3)
        .map(() => name),
    ),
  );
  deepEqual(few, []);
});

test("a curve is told of the sizes that it is about, and of figures that are there", () => {
  const points = [10, 50, 200, 500, 2_000, 10_000].flatMap((size) =>
    [1, 1.02].map((noise) => ({
      size,
      // Told to each member of a small group, and once to a large one.
      figures: { send_cpu_us: noise * (size <= 200 ? 40 + 3 * size : 300), deliver_p99_ms: 0 },
    })),
  );
  const told = tellCurves({ axes: [{ name: "members", points, complaints: [] }] });
  deepEqual(
    told.map(({ curve, verdict }) => [curve.name, verdict.best.law, verdict.standing]),
    [
      ["members-small-cpu", "linear", "told"],
      ["members-large-cpu", "constant", "told"],
    ],
  );
  match(told[1]!.sentence, /and does not grow with members of the group, from 500 to 10,000\.$/);
  ok(told[0]!.svg.startsWith("<svg"));
});

test("results of something that does not grow are refused", () => {
  throws(() => tellCurves({ axes: [{ name: "hats", points: [], complaints: [] }] }), /no "hats"/);
});

test("what is asked for wrongly is refused before anything is measured", async () => {
  const parent = mkdtempSync(join(tmpdir(), "parley-growth-"));
  const say = (): void => {};
  try {
    await rejects(growth(["--only", "hats", "--out", parent], say), /--only names some of members/);
    await rejects(growth(["--sizes", "10", "--out", parent], say), /--only/);
    await rejects(growth(["--only", "size", "--sizes", "1", "--out", parent], say), /--sizes must be/);
    await rejects(growth(["--windows", "0"], say), /--windows must be/);
    deepEqual(readdirSync(parent), []);
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test("a window in which nothing happened leaves no number, and a complaint", () => {
  const figures = { send_cpu_us: Number.POSITIVE_INFINITY, ack_p50_ms: Number.NaN, wrong: 0 };
  deepEqual(withoutGaps({ figures, complaints: ["slow"] }), {
    figures: { wrong: 0 },
    complaints: ["slow", "Nothing was measured of send_cpu_us, ack_p50_ms."],
  });
});
