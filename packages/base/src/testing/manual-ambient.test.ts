import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";

import { ManualTime } from "./manual-time.js";
import { manualAmbient, RecordingLogger, seededRandom } from "./manual-ambient.js";

test("seeded chance is the same for a seed, different for another, and within its range", () => {
  const draw = (seed: number): readonly number[] => {
    const random = seededRandom(seed);
    return [...Array.from({ length: 1000 }, () => random.unit()), ...random.bytes(16)];
  };
  deepEqual(draw(1), draw(1));
  ok(draw(1).join() !== draw(2).join());
  const units = draw(3).slice(0, 1000);
  ok(units.every((unit) => unit >= 0 && unit < 1));
  ok(new Set(units).size > 990);
});

test("a manual machine has the given time, and its logger remembers what an operator would act on", () => {
  const [time, logger] = [new ManualTime(), new RecordingLogger()];
  const ambient = manualAmbient(time, logger);
  ambient.logger.info("started");
  ambient.logger.warn("slow");
  ambient.logger.error("stopped");
  deepEqual(
    [ambient.clock, ambient.scheduler, logger.warnings, logger.errors],
    [time, time, ["slow"], ["stopped"]],
  );
});
