import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { failureCode } from "@parley/base";
import type { ReviewedFiles, Reviewer } from "@parley/contracts";
import { manualAmbient, ManualTime, RecordingLogger } from "@parley/base/testing";
import { textBody } from "@parley/protocol";
import { inTurn, openPlugins, WordFile } from "./plugins.js";

const NOTHING = {
  scenariosModule: undefined,
  reviewWordsFile: undefined,
  reviewerModule: undefined,
  reviewFailOpen: [],
};
const NO_FILES: ReviewedFiles = { find: async () => undefined };
const AT = { tenantId: "acme" as never, conversationId: "g:team" as never, senderId: "ann" as never };

describe("what is plugged in", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "parley-plugins-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const file = async (name: string, text: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  };
  const open = async (config: Partial<Parameters<typeof openPlugins>[0]>): ReturnType<typeof openPlugins> => {
    const ambient = manualAmbient(new ManualTime(), new RecordingLogger(), 1);
    const plugins = await openPlugins({ ...NOTHING, ...config }, ambient);
    plugins.close();
    return plugins;
  };
  const codeOf = (promise: Promise<unknown>): Promise<string | undefined> =>
    promise.then(() => undefined, failureCode);

  test("two kinds of groups come with the server, others come from a module, each is checked", async () => {
    const named = (name: string): string =>
      `export default { declared: { name: ${JSON.stringify(name)}, version: 1, creatorRole: "a", defaultRole: "a",
        settings: undefined, locked: [], roles: [{ name: "a", base: "member", fields: [], nickname: "", addedBy: [],
        mayJoin: false, denied: [], kinds: [] }] } };`;
    const names = async (scenariosModule?: string): Promise<readonly string[]> =>
      (await open({ scenariosModule })).options.scenarios!.map(({ declared }) => declared.name);
    assert.deepEqual(
      [await names(), await names(await file("club.mjs", named("club")))],
      [
        ["class-group", "announcement"],
        ["class-group", "announcement", "club"],
      ],
    );
    assert.deepEqual(
      [
        await codeOf(names(join(directory, "missing.mjs"))),
        await codeOf(names(await file("none.mjs", "export default 1;"))),
        await codeOf(names(await file("twice.mjs", named("class-group")))),
        await codeOf(open({ reviewerModule: await file("empty.mjs", "") })),
        await codeOf(open({ reviewWordsFile: join(directory, "missing.txt") })),
        await codeOf(open({ reviewWordsFile: await file("bad.txt", "=> x") })),
      ],
      ["bad-setting", "bad-setting", "bad-scenario", "bad-setting", "bad-setting", "bad-word-list"],
    );
  });

  test("words come from a file, and reviewers from a module, one after the other", async () => {
    const reviewWordsFile = await file("words.txt", "darn => d***\nhell");
    const reviewerModule = await file(
      "reviewer.mjs",
      `export const reviewer = { review: async ({ body }) =>
         body.text.text.includes("d***") ? { kind: "refuse", reason: "stars" } : { kind: "accept" } };
       export const laterReviewer = { review: async () => "accept" };`,
    );
    const { options } = await open({ reviewWordsFile, reviewerModule, reviewFailOpen: ["acme"] });
    const review = async (text: string): Promise<string> =>
      (await options.reviewer!.review({ ...AT, body: textBody(text) }, NO_FILES)).kind;
    assert.deepEqual(
      [
        await review("hi"),
        await review("darn"),
        await review("hell"),
        options.isReviewFailOpen!("acme" as never),
      ],
      ["accept", "refuse", "refuse", true],
    );
    assert.deepEqual(
      [options.isReviewFailOpen!("main" as never), typeof options.laterReviewer],
      [false, "object"],
    );
  });

  test("a file of words is read again when it has changed, and kept when it is wrong", async () => {
    const path = await file("changing.txt", "one");
    const words = await WordFile.open(path);
    const later = async (text: string, second: number): Promise<void> => {
      await writeFile(path, text);
      await utimes(path, second, second);
    };
    const state = async (): Promise<unknown> => [
      await words.reload().catch(failureCode),
      words.reviewer.wordCount,
    ];
    const states = [await state()];
    await later("one\ntwo", 1_000);
    states.push(await state());
    await later("=> bad", 2_000);
    states.push(await state(), await state());
    assert.deepEqual(states, [
      [false, 1],
      [true, 2],
      ["bad-word-list", 2],
      [false, 2],
    ]);
  });

  test("what one reviewer says differently is what the next one sees", () => {
    const replace = (from: string, to: string): Reviewer => ({
      review: ({ body }) =>
        body.text!.text === from ? { kind: "replace", body: textBody(to) } : { kind: "accept" },
    });
    const reviewer = inTurn([replace("a", "b"), replace("b", "c"), replace("x", "y")])!;
    assert.deepEqual(reviewer.review({ ...AT, body: textBody("a") }, NO_FILES), {
      kind: "replace",
      body: textBody("c"),
    });
    assert.equal(inTurn([]), undefined);
  });
});
