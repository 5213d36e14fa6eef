/**
 * Goal: the devices of one account show the same, whatever happened while one of them was away. Two browsers and a client in Node,
 * which is started again in the middle; one browser is away while more happens than its queue is asked for.
 * Method: what each device holds is compared with what a device without a past is told, and what the pages show with each other.
 */
import { deepEqual } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ParleyClient } from "@parley/client";
import { type ConversationId, directUsers, type UserId } from "@parley/protocol";
import type { BrowserContext, Page } from "playwright-core";
import { differences, heldAtEnd, stateOfClient, stateOfPage } from "./testing/device-state.js";
import { NodeDevice } from "./testing/node-device.js";
import { countRebases } from "./testing/rebases.js";
import {
  conversationIn,
  eventually,
  open,
  SKIP,
  textsOf,
  WAIT_MS_MAX,
  withBench,
  type WebBench,
  write,
} from "./testing/web-bench.js";

/** A device that has missed more events than this begins anew from the list. */
const REBASE_EVENTS = 100;
/** Of these there is more than that, in one conversation alone. */
const MANY = 130;
/** Of a conversation so much is on every device in the end, or all of it. */
const HELD_MIN = 50;
/** Messages at the end of a page that are compared: these are drawn in any case. */
const SHOWN = 6;
/** The whole list is seen: a click while a list still scrolls hits nothing. */
const WINDOW = { viewport: { width: 1100, height: 1100 } };
const SERVER = ["--rebase-events", String(REBASE_EVENTS), "--shared-from-members", "3"];
const OFFLINE = ["offline 1", "offline 2", "offline 3"];

interface People {
  readonly bob: ParleyClient;
  readonly chen: ParleyClient;
  readonly dana: ParleyClient;
  readonly erik: ParleyClient;
}

/** What is there before one device goes away; a group with more than three members is a large one. */
interface Places {
  readonly bob: ConversationId;
  readonly launch: ConversationId;
  readonly team: ConversationId;
  readonly growing: ConversationId;
  readonly doorway: ConversationId;
  readonly farewell: ConversationId;
}

interface Cast {
  readonly bench: WebBench;
  readonly people: People;
  readonly node: NodeDevice;
  readonly home: Page;
  readonly places: Places;
}

const HELD_BEFORE = ["Launch", "Team", "Growing", "Doorway", "Farewell", "Bob"];

test("a browser that was offline for long shows what the other devices show", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const context = await bench.browser(WINDOW);
    const [cast, away] = await begin(bench, context);
    await goOffline(context, away);
    await writeOffline(away);
    await liveOn(cast, async () => undefined);
    const rebases = countRebases(context);
    await context.setOffline(false);
    await converged(cast, away);
    deepEqual(rebases(), 1);
  }, SERVER);
});

test(
  "a browser that was closed for long, while the server was started anew, shows what the other devices show",
  { skip: SKIP },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "parley-profile-"));
    await withBench(async (bench) => {
      const before = await bench.profile(directory, WINDOW);
      const [cast, leaving] = await begin(bench, before);
      await goOffline(before, leaving);
      await writeOffline(leaving);
      await before.close();
      await liveOn(cast, () => restart(cast));
      const context = await bench.profile(directory, WINDOW);
      const rebases = countRebases(context);
      await converged(cast, await bench.signIn(context, "Alice"));
      deepEqual(rebases(), 1);
    }, SERVER);
    await rm(directory, { recursive: true });
  },
);

/** Everybody is there, and the devices of Alice hold what there is; the page of `context` will be away. */
async function begin(bench: WebBench, context: BrowserContext): Promise<[Cast, Page]> {
  const people = await peopleOf(bench);
  const node = await NodeDevice.start(bench.server.url, "alice");
  bench.atEnd(() => node.close());
  const places = await prepare(people, node.client);
  const contexts = [await bench.browser(WINDOW), context];
  const [home, away] = await Promise.all(contexts.map((each) => pageOf(bench, each)));
  bench.expectTrouble();
  return [{ bench, people, node, places, home: home! }, away!];
}

async function peopleOf(bench: WebBench): Promise<People> {
  const names = ["bob", "chen", "dana", "erik"] as const;
  const clients = await Promise.all(names.map((name) => bench.client(name)));
  return Object.fromEntries(names.map((name, index) => [name, clients[index]])) as unknown as People;
}

/** Groups of several kinds with a few messages, for the devices to hold. */
async function prepare({ bob, erik }: People, alice: ParleyClient): Promise<Places> {
  const launch = idOf(alice, "Launch · 发布");
  const direct = await alice.createDirect("bob" as UserId);
  const group = (title: string, ...userIds: string[]): Promise<ConversationId> =>
    erik.createGroup({ title, userIds: userIds as UserId[], isHistoryOpen: true });
  const team = await group("Team", "alice", "bob");
  const growing = await group("Growing", "alice");
  const doorway = await group("Doorway", "alice");
  const farewell = await group("Farewell", "alice", "bob");
  for (const place of [team, growing, doorway, farewell]) await say(erik, place, numbered("erik", 12));
  await say(alice, team, numbered("alice", 4));
  await say(bob, team, numbered("bob", 4));
  await say(alice, launch, numbered("alice", 4));
  await say(bob, direct, ["see you later"]);
  return { bob: direct, launch, team, growing, doorway, farewell };
}

/** A page of Alice that holds the messages that there are, and looks at something else. */
async function pageOf(bench: WebBench, context: BrowserContext): Promise<Page> {
  const page = await bench.signIn(context, "Alice");
  for (const name of HELD_BEFORE) await open(page, name);
  await open(page, "Lunch");
  return page;
}

async function goOffline(context: BrowserContext, page: Page): Promise<void> {
  await context.setOffline(true);
  await page
    .getByRole("status")
    .filter({ hasText: /No connection/u })
    .waitFor();
}

/** In a direct chat, a small group and a large one. */
async function writeOffline(page: Page): Promise<void> {
  for (const name of ["Bob", "Team", "Launch"]) {
    await open(page, name);
    for (const text of OFFLINE) await write(page, text);
    await eventually(() => page.getByRole("log").getByText("Waiting to be sent").count(), OFFLINE.length);
  }
  await open(page, "Lunch");
}

/** What happens meanwhile; `interrupt` in the middle of it, when the client in Node is away, too. */
async function liveOn(cast: Cast, interrupt: () => Promise<void>): Promise<void> {
  const { people, node, places } = cast;
  await changeWhatIsHeld(people, node.client, places);
  await comeAndGo(people, node.client, places);
  await node.stop();
  await interrupt();
  await writeMuch(people, places);
  await node.start();
  await readSome(cast);
}

/** Edits, recalls, reactions, pins, what is hidden and what is muted, in a small group and a large one. */
async function changeWhatIsHeld({ bob, erik }: People, alice: ParleyClient, places: Places): Promise<void> {
  for (const place of [places.team, places.launch]) {
    const own = await sequencesOf(alice, place, /^alice/u);
    await alice.edit(place, own[0]!, "alice 0, better");
    await alice.recall(place, own[1]!);
    await bob.react(place, own[2]!, "👍");
    await alice.react(place, own[2]!, "🎉");
    await alice.react(place, own[3]!, "👍");
    await alice.unreact(place, own[3]!, "👍");
    await bob.pin(place, own[2]!);
  }
  const ofErik = await sequencesOf(alice, places.team, /^erik/u);
  await erik.edit(places.team, ofErik[1]!, "erik 1, better");
  await erik.edit(places.team, ofErik[1]!, "erik 1, best");
  await erik.recall(places.team, ofErik[2]!);
  await alice.hide(places.team, ofErik.slice(3, 5));
  await alice.hide(places.launch, [3]);
  await alice.notify.setConversation(places.launch, { isMuted: true });
  await alice.notify.setConversation(places.team, { level: "mentions" });
}

/** Direct chats and groups that begin, a group that becomes a large one, leaving and coming again. */
async function comeAndGo({ bob, dana, erik }: People, alice: ParleyClient, places: Places): Promise<void> {
  const self = "alice" as UserId;
  await alice.leave(places.farewell);
  await say(erik, places.farewell, numbered("without alice", 3));
  await erik.removeMembers(places.doorway, [self]);
  await say(erik, places.doorway, numbered("behind the door", 3));
  await erik.addMembers(places.doorway, [self]);
  await say(erik, places.doorway, numbered("welcome back", 3));
  await erik.addMembers(places.growing, ["bob", "chen", "dana"] as UserId[]);
  await say(bob, places.growing, numbered("grown", 5));
  for (const person of [dana, erik]) await say(person, await person.createDirect(self), numbered("hi", 8));
  const own = await alice.createGroup({ title: "Alice's own", userIds: ["bob" as UserId] });
  await say(bob, own, ["thank you for the invitation"]);
}

/** More than a device catches up with, in a small group and a large one, with changes of it. */
async function writeMuch({ bob, chen, dana, erik }: People, places: Places): Promise<void> {
  const userIds = ["alice", "erik"] as UserId[];
  const club = await bob.createGroup({ title: "Book club", userIds, isHistoryOpen: true });
  await Promise.all([
    say(bob, club, numbered("page", MANY)),
    say(chen, places.launch, numbered("ship", MANY)),
  ]);
  const everybody = ["alice", "bob", "chen", "dana"] as UserId[];
  const expedition = await erik.createGroup({ title: "Expedition", userIds: everybody, isHistoryOpen: true });
  await say(erik, expedition, numbered("day", 30));
  await say(dana, expedition, numbered("night", 10));
  const pages = await sequencesOf(bob, club, /^page/u);
  await bob.edit(club, pages.at(-2)!, "the last page but one");
  await bob.recall(club, pages.at(-1)!);
  await erik.react(club, pages.at(-3)!, "📖");
  const ships = await sequencesOf(chen, places.launch, /^ship/u);
  await chen.edit(places.launch, ships.at(-1)!, "the last ship");
  await dana.react(places.launch, ships.at(-1)!, "🚢");
  await say(erik, places.team, numbered("news", 6));
  await dana.leave(places.growing);
}

/** Alice reads a part here and all there, on different devices, and writes. */
async function readSome({ node, home, places }: Cast): Promise<void> {
  const alice = node.client;
  const club = idOf(alice, "Book club");
  const pages = await sequencesOf(alice, club, /^page/u);
  alice.markRead(club, pages[20]);
  alice.markRead(places.growing);
  await alice.hide(club, pages.slice(30, 33));
  await say(alice, club, ["from the client"]);
  await open(home, "Dana");
  await eventually(
    () =>
      conversationIn(home, "Dana")
        .getByLabel(/unread message/u)
        .count(),
    0,
  );
  await open(home, "Team");
  await write(home, "from the page at home");
  await eventually(async () => (await textsOf(home)).at(-1), "from the page at home");
  await home
    .getByRole("log")
    .getByText(/Waiting|Sending/u)
    .first()
    .waitFor({ state: "detached" });
  await open(home, "Lunch");
}

/** The server dies, and comes back with what it had written down. */
async function restart({ bench, people }: Cast): Promise<void> {
  await bench.server.stop("SIGKILL");
  await bench.server.start();
  for (const client of Object.values(people) as ParleyClient[]) {
    client.connectNow();
    await client.settled(WAIT_MS_MAX);
  }
}

/** All devices of Alice hold and show the same, which is what a new one is told. */
async function converged({ bench, node, home, places }: Cast, away: Page): Promise<void> {
  for (const page of [home, away]) {
    await page
      .getByRole("button", { name: "Try now" })
      .click({ timeout: 200 })
      .catch(() => undefined);
    await eventually(async () => (await stateOfPage(page)).outbox.length, 0);
  }
  const fresh = await bench.client("alice");
  const held = async (): Promise<readonly (readonly string[])[]> => {
    const truth = await stateOfClient(fresh);
    const pages = [await stateOfPage(home), await stateOfPage(away)];
    return pages.map((state) => differences(state, truth));
  };
  await eventually(held, [[], []]);
  await node.client.settled(WAIT_MS_MAX);
  deepEqual(differences(await node.state(), await stateOfClient(fresh)), []);
  await agree(
    () => listOf(home),
    () => listOf(away),
  );
  await agree(
    () => listOf(home),
    () => listIn(node.client),
  );
  for (const place of [places.bob, places.team, places.launch]) {
    const texts = (await stateOfClient(fresh)).messages
      .filter(({ conversationId }) => conversationId === place)
      .map(({ body }) => body?.text?.text ?? "");
    deepEqual(
      texts.filter((text) => text.startsWith("offline")),
      OFFLINE,
    );
  }
  await showsTheSame(node.client, home, away);
  const truth = await stateOfClient(fresh);
  for (const state of [await stateOfPage(home), await stateOfPage(away), await node.state()]) {
    deepEqual(differences(state, truth), []);
    const short = truth.entries.filter(
      (entry) =>
        entry.isMember &&
        heldAtEnd(state, entry) < Math.min(HELD_MIN, entry.lastSequence - entry.firstVisible + 1),
    );
    deepEqual(short, []);
  }
  for (const { conversationId, isMember } of truth.entries)
    if (isMember) deepEqual(await node.client.verify(conversationId), false);
}

/** Everything is read on one device; then both pages open everything, and show the same. */
async function showsTheSame(alice: ParleyClient, home: Page, away: Page): Promise<void> {
  const entries = alice.conversations();
  for (const { conversationId, isMember } of entries) {
    if (!isMember) continue;
    await alice.open(conversationId);
    alice.markRead(conversationId);
  }
  for (const page of [home, away])
    await eventually(
      () =>
        page
          .getByRole("navigation")
          .getByLabel(/unread message/u)
          .count(),
      0,
    );
  await agree(
    () => listOf(home),
    () => listOf(away),
  );
  // What was held of a group that one has left may be given up, for nobody can be asked about it any more.
  const titles = (await listIn(alice)).map(({ title }) => title).filter((title) => title !== "Farewell");
  for (const title of titles) {
    await Promise.all([open(home, title), open(away, title)]);
    await agree(
      () => rowsOf(home),
      () => rowsOf(away),
    );
  }
}

/** Waits until both give the same, and something at all. */
async function agree<T>(one: () => Promise<readonly T[]>, other: () => Promise<readonly T[]>): Promise<void> {
  const both = async (): Promise<object> => {
    const [left, right] = [await one(), await other()];
    const isSame = left.length > 0 && JSON.stringify(left) === JSON.stringify(right);
    return isSame ? {} : { left, right };
  };
  await eventually(both, {});
}

interface Shown {
  readonly title: string;
  readonly unread: string;
  /** Only seen where something is unread. */
  readonly isMuted: boolean;
}

/** The list of a page, from top to bottom. */
async function listOf(page: Page): Promise<readonly Shown[]> {
  return page
    .getByRole("navigation")
    .getByRole("listitem")
    .evaluateAll((items) =>
      items.map((item) => {
        const badge = item.querySelector("[data-muted]");
        return {
          title: item.querySelector("button > [dir=auto]")?.textContent ?? "",
          unread: badge?.textContent ?? "",
          isMuted: badge?.getAttribute("data-muted") === "true",
        };
      }),
    );
}

/** What the list of a client comes to. */
async function listIn(client: ParleyClient): Promise<readonly Shown[]> {
  const names = new Map((await client.users()).map(({ userId, name }) => [userId, name]));
  return client.conversations().map(({ conversationId, title, unread, isMember }) => {
    const other = directUsers(conversationId)?.find((userId) => userId !== client.self);
    const isUnread = isMember && unread > 0;
    return {
      title: other === undefined ? title : (names.get(other) ?? ""),
      unread: isUnread ? (unread > 99 ? "99+" : String(unread)) : "",
      isMuted: isUnread && client.notify.conversation(conversationId).mutedUntilMs > 0,
    };
  });
}

/** The newest rows of the open conversation: words, edits, reactions, readers, times. */
async function rowsOf(page: Page): Promise<readonly string[]> {
  return (await page.getByRole("log").locator("[data-row]").allInnerTexts()).slice(-SHOWN);
}

/** Sends texts in order, and waits until they are there. */
async function say(client: ParleyClient, place: ConversationId, texts: readonly string[]): Promise<void> {
  for (const text of texts) await client.sendText(place, text);
  await client.settled(WAIT_MS_MAX);
}

function numbered(word: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${word} ${index}`);
}

/** The places of the messages that say something like this. */
async function sequencesOf(
  client: ParleyClient,
  place: ConversationId,
  words: RegExp,
): Promise<readonly number[]> {
  let timeline = await client.open(place);
  while (!timeline.isAtBeginning) timeline = await client.loadOlder(place, 200);
  return timeline.messages
    .filter(({ body }) => words.test(body?.text?.text ?? ""))
    .map(({ sequence }) => sequence);
}

function idOf(client: ParleyClient, title: string): ConversationId {
  return client.conversations().find((entry) => entry.title === title)!.conversationId;
}
