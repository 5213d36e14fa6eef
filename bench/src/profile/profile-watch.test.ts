import { deepEqual, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ServerProcess } from "../server-process.js";
import { costsOf } from "./cpu-profile.js";
import { ProfileWatch } from "./profile-watch.js";
import { SourcePlaces } from "./source-places.js";

test("a server is profiled from its beginning to its end, and stops in good order afterwards", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-profile-"));
  const watch = new ProfileWatch();
  const { nodeArguments } = watch;
  const server = await ServerProcess.start({ dataDirectory, nodeArguments });
  try {
    await watch.begin(server);
    for (let count = 0; count < 50; count++) await server.stats();
    await watch.end();
    const { profile, mainThreadSeconds } = watch.profiled!;
    const places = new SourcePlaces();
    const { packages, busyMicroseconds } = costsOf(profile, (frame) => places.placeOf(frame));
    ok(busyMicroseconds > 0 && mainThreadSeconds >= 0);
    ok(packages.some(({ name }) => name === "node"));
    deepEqual((await server.stop()).code, 0);
  } finally {
    await server.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});
