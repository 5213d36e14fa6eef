/** Who is there and who types, as a client and its tabs know it: for as long as it holds, and no longer than the connection. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type UserId, PRESENCE_WATCHED_MAX, parseUserId } from "@parley/protocol";
import { createClientBench, GROUP, OTHER } from "../testing/client-bench.js";
import { type BenchTab, TabsBench } from "../testing/tabs-bench.js";
import {
  PRESENCE_ASK_MS,
  PRESENCE_RETRY_MS,
  PRESENCE_WISH_MS_MAX,
  TYPING_SAID_MS,
  TYPING_SHOWN_MS,
} from "./presence-limits.js";

const ANN = parseUserId("ann");
const BOB = parseUserId("bob");
const SOON_MS = PRESENCE_ASK_MS + 20;

type Bench = ReturnType<typeof createClientBench>;

function watchedBy(bench: Pick<Bench, "server">): readonly (readonly UserId[])[] {
  return bench.server.framesOf("watchPresence").map(({ userIds }) => userIds.toSorted());
}

function stateOf({ client }: Pick<BenchTab, "client">, ...userIds: UserId[]): string[] {
  return userIds.map((userId) => client.presence.of(userId).state);
}

test("who is watched is asked for once, and known with every change", async () => {
  const bench = createClientBench();
  await bench.begin();
  const { presence } = bench.client;
  bench.server.people.set(BOB, { state: "away", sinceMs: 7 });
  const told: (readonly UserId[])[] = [];
  bench.client.on("presence", ({ changed }) => told.push(changed));
  presence.watch([ANN]);
  presence.watch([BOB, ANN]);
  const before = stateOf(bench, ANN, BOB);
  await bench.time.advance(SOON_MS);
  const [ann, bob] = [presence.of(ANN), presence.of(BOB)];
  bench.server.setPerson(BOB, "online");
  await bench.time.advance(5);
  deepEqual(
    [before, ann, bob, presence.of(BOB), presence.of(ANN) === ann, watchedBy(bench), told],
    [
      ["unknown", "unknown"],
      { state: "offline", sinceMs: 0 },
      { state: "away", sinceMs: 7 },
      { state: "online", sinceMs: 0 },
      true,
      [[ANN, BOB]],
      [[ANN, BOB], [BOB]],
    ],
  );
});

test("somebody is watched until the last of those who asked for it stops", async () => {
  const bench = createClientBench();
  await bench.begin();
  const stops = [[ANN], [ANN, BOB], [BOB]].map((userIds) => bench.client.presence.watch(userIds));
  await bench.time.advance(SOON_MS);
  stops[0]!();
  stops[0]!();
  stops[2]!();
  await bench.time.advance(SOON_MS);
  const one = watchedBy(bench).length;
  stops[1]!();
  const after = stateOf(bench, ANN, BOB);
  await bench.time.advance(SOON_MS);
  deepEqual([one, after, watchedBy(bench)], [1, ["unknown", "unknown"], [[ANN, BOB], []]]);
});

test("without a connection nothing is known of anybody, and on the next one all is asked for again", async () => {
  const bench = createClientBench();
  await bench.begin();
  const { presence } = bench.client;
  presence.watch([ANN]);
  presence.setActive(false);
  bench.server.people.set(ANN, { state: "online", sinceMs: 0 });
  await bench.time.advance(SOON_MS);
  const first = stateOf(bench, ANN);
  bench.server.isReachable = false;
  bench.server.cut();
  await bench.time.advance(1_000);
  const away = stateOf(bench, ANN);
  bench.server.isReachable = true;
  await bench.time.advance(120_000);
  deepEqual(
    [
      first,
      away,
      stateOf(bench, ANN),
      watchedBy(bench),
      bench.server.framesOf("setActive").map((f) => f.isActive),
    ],
    [["online"], ["unknown"], ["online"], [[ANN], [ANN]], [false, false]],
  );
});

test("a server that refuses is asked again later, and so many people are watched and no more", async () => {
  const bench = createClientBench();
  await bench.begin();
  const { presence } = bench.client;
  bench.server.script = ({ name }) =>
    name === "watchPresence" ? { code: "unavailable", retry: "same" } : "handle";
  presence.watch(Array.from({ length: PRESENCE_WATCHED_MAX + 1 }, (_, index) => parseUserId(`u${index}`)));
  await bench.time.advance(SOON_MS);
  const refused = stateOf(bench, parseUserId("u0"));
  bench.server.script = () => "handle";
  await bench.time.advance(PRESENCE_RETRY_MS + 20);
  deepEqual(
    [refused, stateOf(bench, parseUserId("u0")), watchedBy(bench).map(({ length }) => length)],
    [["unknown"], ["offline"], [PRESENCE_WATCHED_MAX, PRESENCE_WATCHED_MAX]],
  );
});

test("that one types is told every three seconds, and not later when there is no connection", async () => {
  const bench = createClientBench();
  await bench.begin();
  const { presence } = bench.client;
  for (let passedMs = 0; passedMs < TYPING_SAID_MS * 2; passedMs += 500) {
    presence.typing(GROUP);
    await bench.time.advance(500);
  }
  const said = bench.server.framesOf("typing").length;
  bench.server.isReachable = false;
  bench.server.cut();
  await bench.time.advance(10);
  presence.typing(GROUP);
  bench.server.isReachable = true;
  await bench.time.advance(120_000);
  deepEqual([said, bench.server.framesOf("typing").length], [2, 2]);
});

test("somebody types for five seconds from the last notice on, or until a message comes", async () => {
  const bench = createClientBench();
  await bench.begin();
  const { presence } = bench.client;
  let told = 0;
  bench.client.on("typing", () => (told += 1));
  const say = async (userId: UserId): Promise<void> => {
    bench.server.say("someoneTypes", { conversationId: GROUP, userId });
    await bench.time.advance(5);
  };
  await say(OTHER);
  await bench.time.advance(TYPING_SHOWN_MS - 1_000);
  await say(OTHER);
  await say(ANN);
  await say(bench.client.self);
  await bench.time.advance(TYPING_SHOWN_MS - 1_000);
  const both = presence.typists(GROUP);
  const isSame = both === presence.typists(GROUP);
  bench.world.post(GROUP, OTHER, "said");
  await bench.sync();
  const one = presence.typists(GROUP);
  await bench.time.advance(1_000);
  deepEqual([both, isSame, one, presence.typists(GROUP), told], [[OTHER, ANN], true, [ANN], [], 4]);
});

test("a client that stopped leaves no timer, and begins again", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.client.presence.watch([ANN]);
  bench.client.presence.typing(GROUP);
  bench.server.say("someoneTypes", { conversationId: GROUP, userId: OTHER });
  await bench.time.advance(SOON_MS);
  await bench.time.run(bench.client.stop());
  const left = [stateOf(bench, ANN), bench.client.presence.typists(GROUP), bench.time.waiting];
  await bench.begin();
  await bench.time.advance(SOON_MS);
  deepEqual([left, stateOf(bench, ANN)], [[["unknown"], [], 0], ["offline"]]);
});

test("one tab watches for all, and each knows whom it wants", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  bench.server.people.set(BOB, { state: "away", sinceMs: 7 });
  first.client.presence.watch([ANN]);
  second.client.presence.watch([BOB]);
  await bench.time.advance(2 * SOON_MS);
  const asked = watchedBy(bench).at(-1);
  const known = [stateOf(first, ANN, BOB), stateOf(second, ANN, BOB)];
  bench.server.setPerson(BOB, "online");
  bench.server.say("someoneTypes", { conversationId: GROUP, userId: OTHER });
  second.client.presence.typing(GROUP);
  await bench.time.advance(20);
  const typists = [first, second].map(({ client }) => client.presence.typists(GROUP));
  const said = bench.server.framesOf("typing").length;
  deepEqual(
    [asked, known, stateOf(second, BOB), typists, said],
    [
      [ANN, BOB],
      [
        ["offline", "unknown"],
        ["unknown", "away"],
      ],
      ["online"],
      [[OTHER], [OTHER]],
      1,
    ],
  );
});

test("a tab that wants somebody who is watched already is told at once", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  bench.server.people.set(ANN, { state: "online", sinceMs: 0 });
  first.client.presence.watch([ANN]);
  await bench.time.advance(SOON_MS);
  second.client.presence.watch([ANN]);
  await bench.time.advance(SOON_MS);
  deepEqual([stateOf(second, ANN), watchedBy(bench)], [["online"], [[ANN]]]);
});

test("whoever leads next watches what the tabs wish, and a tab that is gone wishes nothing", async () => {
  const bench = new TabsBench();
  const [first, second, third] = [await bench.begin(), await bench.begin(), await bench.begin()];
  first.client.presence.watch([OTHER]);
  second.client.presence.watch([ANN]);
  third.client.presence.watch([BOB]);
  await bench.time.advance(2 * SOON_MS);
  first.kill();
  await bench.time.advance(5_000);
  await bench.time.run(third.client.settled(60_000));
  await bench.time.advance(1_000);
  const after = [watchedBy(bench).at(-1), stateOf(second, ANN), stateOf(third, BOB)];
  const follower = second.client.isLeading ? third : second;
  follower.kill();
  await bench.time.advance(PRESENCE_WISH_MS_MAX * 1.5);
  const wanted = follower === third ? ANN : BOB;
  deepEqual([after, watchedBy(bench).at(-1)], [[[ANN, BOB], ["offline"], ["offline"]], [wanted]]);
});

test("somebody is at the device while somebody is at one of its tabs", async () => {
  const bench = new TabsBench();
  const [first, second] = [await bench.begin(), await bench.begin()];
  const said = (): readonly boolean[] => bench.server.framesOf("setActive").map(({ isActive }) => isActive);
  second.client.presence.setActive(true);
  await bench.time.advance(SOON_MS);
  first.client.presence.setActive(false);
  await bench.time.advance(SOON_MS);
  const one = said();
  second.client.presence.setActive(false);
  await bench.time.advance(2 * SOON_MS);
  const none = said();
  second.client.presence.setActive(true);
  await bench.time.advance(2 * SOON_MS);
  deepEqual([one, none, said()], [[], [false], [false, true]]);
});
