/** Previews of links: asked for once for each state of a message, and never of messages that have none. */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { type Body, textBody } from "@parley/protocol";
import { type ClientBench, createClientBench, GROUP, OTHER } from "../testing/client-bench.js";
import { PREVIEWS_ASKED_MAX, PREVIEWS_WAITING_MAX } from "./limits.js";

const LINK = "https://example.com/a";
const asks = (bench: ClientBench): number => bench.server.framesOf("getLinkPreview").length;

async function holding(...texts: readonly (string | Body)[]): Promise<ClientBench> {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  for (const text of texts) bench.world.post(GROUP, OTHER, text);
  await bench.sync();
  return bench;
}

test("a preview is asked for once, and again when the message was edited", async () => {
  const bench = await holding(LINK);
  bench.server.linkPreview = { url: LINK, title: "A page", picture: Uint8Array.of(1, 2) };
  const find = () => bench.time.run(bench.client.linkPreview(GROUP, 1));
  const together = await Promise.all([find(), find()]);
  const again = await find();
  const before = asks(bench);
  bench.world.change(GROUP, 1, `${LINK} and more`);
  await bench.sync();
  await find();

  const expected = { url: LINK, title: "A page", description: "", siteName: "", pictureType: "" };
  deepEqual(
    [...together, again].map((preview) => ({ ...preview, picture: [...preview!.picture] })),
    Array.from({ length: 3 }, () => ({ ...expected, picture: [1, 2] })),
  );
  deepEqual([before, asks(bench)], [1, 2]);
});

test("what has no link, or whose author hides it, is not asked for; that there is nothing is held", async () => {
  const bench = await holding("no link", { ...textBody(LINK), hidesPreview: true }, LINK);
  const find = (sequence: number) => bench.time.run(bench.client.linkPreview(GROUP, sequence));

  deepEqual([await find(1), await find(2), asks(bench)], [undefined, undefined, 0]);
  deepEqual([await find(3), await find(3), asks(bench)], [undefined, undefined, 1]);
});

test("what was refused is asked for again", async () => {
  const bench = await holding(LINK);
  bench.server.script = ({ name }) =>
    name === "getLinkPreview" ? { code: "too-many-requests", retry: "same" } : "handle";
  const find = () => bench.time.run(bench.client.linkPreview(GROUP, 1));
  const refused = await find().catch((error: unknown) => failureCode(error));
  bench.server.script = () => "handle";
  bench.server.linkPreview = { url: LINK, title: "A page" };
  const preview = await find();

  deepEqual([refused, preview?.title, asks(bench)], ["too-many-requests", "A page", 2]);
});

test("few are asked for at a time, and so many wait", async () => {
  const count = PREVIEWS_ASKED_MAX + PREVIEWS_WAITING_MAX + 1;
  const bench = await holding(...Array.from({ length: count }, (_, index) => `${LINK}${index}`));
  bench.server.script = ({ name }) => (name === "getLinkPreview" ? "ignore" : "handle");
  const outcomes = Array.from({ length: count }, (_, index) =>
    bench.client.linkPreview(GROUP, index + 1).then(
      () => "answered",
      (error: unknown) => failureCode(error),
    ),
  );
  await bench.sync();
  equal(asks(bench), PREVIEWS_ASKED_MAX);
  bench.server.script = () => "handle";
  bench.server.cut();
  const ended = await bench.time.run(Promise.all(outcomes));
  deepEqual(
    [ended.filter((outcome) => outcome === "answered").length, ended.includes("too-many-requests")],
    [count - 1, true],
  );
});
