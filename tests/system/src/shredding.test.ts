/**
 * Goal: devices that come back after a conversation, or their whole organisation, was shredded see what there is now. Nothing is
 * asked for again and again, and nothing stays behind that a person can neither read nor be rid of.
 *
 * Method: real servers and devices with stores in files; `parley keys shred` while no server runs.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ParleyClient } from "@parley/client";
import { type Login, createNodeClient, login } from "@parley/client/node";
import { RecordingLogger } from "@parley/base/testing";
import { systemAmbient } from "@parley/base/node";
import type { ConversationId, UserId } from "@parley/protocol";
import { DEMO_PASSWORD, type RunningServer, parseConfig, startServer } from "@parley/server";
import { runParley } from "./testing/run-parley.js";
import { texts } from "./testing/with-server.js";

const SETTLED_MS_MAX = 10_000;
const BOB = "bob" as UserId;

/** A device that can be away and come back. */
interface Away {
  readonly login: Login;
  readonly storePath: string;
}

interface Device {
  readonly client: ParleyClient;
  readonly logger: RecordingLogger;
  /** The states that its connection has been in, one after another. */
  readonly states: readonly string[];
}

class Place {
  readonly root: string;
  readonly data: string;
  readonly errors: unknown[] = [];
  server!: RunningServer;

  constructor(root: string) {
    this.root = root;
    this.data = join(root, "data");
  }

  async serve(): Promise<void> {
    const logger = new RecordingLogger();
    const config = parseConfig(["--data", this.data, "--port", "0", "--reserve-mb", "0"], {});
    this.server = await startServer(config, systemAmbient(logger), (error) => this.errors.push(error));
  }

  /** Ends the server, shreds, and starts it again. */
  async shred(...what: readonly string[]): Promise<void> {
    await this.server.close();
    assert.equal((await runParley(["keys", "shred", ...what, "--yes", "--data", this.data])).exitCode, 0);
    await this.serve();
  }

  async signIn(user: string, name: string): Promise<Away> {
    const found = await login(this.server.url, { user, password: DEMO_PASSWORD, device: name });
    return { login: found, storePath: join(this.root, `${name}.store`) };
  }

  async come({ login: { token, userId, deviceId }, storePath }: Away): Promise<Device> {
    const logger = new RecordingLogger();
    const { url } = this.server;
    const client = createNodeClient({ url, token, userId, deviceId, storePath, logger });
    const states: string[] = [];
    client.on("connection", ({ state, code }) =>
      states.push(code === undefined ? state : `${state} ${code}`),
    );
    await client.start();
    return { client, logger, states };
  }

  /** Comes once more when nobody writes any more, so that it has everything, and stays away. */
  async catchUp(away: Away): Promise<void> {
    await (await this.back(away)).client.stop();
  }

  /** As `come`, and is up to date when it resolves. */
  async back(away: Away): Promise<Device> {
    const device = await this.come(away);
    await device.client.settled(SETTLED_MS_MAX);
    return device;
  }
}

async function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place(await mkdtemp(join(tmpdir(), "parley-shredding-")));
  try {
    await place.serve();
    await work(place);
    assert.deepEqual(place.errors, []);
  } finally {
    await place.server.close();
    await rm(place.root, { recursive: true });
  }
}

async function sayAll(
  client: ParleyClient,
  conversationId: ConversationId,
  said: readonly string[],
): Promise<void> {
  await client.open(conversationId);
  for (const text of said) await client.sendText(conversationId, text);
  await client.settled(SETTLED_MS_MAX);
}

function listed({ client }: Device): readonly string[] {
  return client
    .conversations()
    .map(({ conversationId }) => conversationId)
    .toSorted();
}

test("devices that were away when a conversation was shredded do without it, and all else goes on", async () => {
  await withPlace(async (place) => {
    const [alice, bobsPhone, bobsDesk] = [
      await place.signIn("alice", "phone"),
      await place.signIn("bob", "current"),
      await place.signIn("bob", "behind"),
    ];
    const writer = await place.back(alice);
    const gone = await writer.client.createGroup({ title: "Gone", userIds: [BOB], isHistoryOpen: true });
    const kept = await writer.client.createGroup({ title: "Kept", userIds: [BOB], isHistoryOpen: true });
    const current = await place.back(bobsPhone);
    const behind = await place.back(bobsDesk);
    await sayAll(writer.client, gone, ["gone 1", "gone 2"]);
    await behind.client.stop();
    await sayAll(writer.client, kept, ["kept 1"]);
    await until(
      () =>
        current.client.conversations()[0]?.lastSequence === writer.client.conversations()[0]?.lastSequence,
    );
    await current.client.open(gone);
    await current.client.stop();
    await writer.client.stop();
    await place.catchUp(bobsPhone);
    // Written without a connection, into what will not be there.
    const offline = createNodeClient({
      url: "http://127.0.0.1:1",
      ...bobsPhone.login,
      storePath: bobsPhone.storePath,
    });
    await offline.start();
    await offline.sendText(gone, "too late");
    await offline.stop();
    await place.shred("--conversation", gone);

    const fresh = await place.back(await place.signIn("bob", "fresh"));
    const again = [await place.back(bobsPhone), await place.back(bobsDesk)];
    for (const device of again) {
      assert.deepEqual(listed(device), listed(fresh));
      assert.equal(listed(device).includes(gone), false);
      assert.deepEqual(device.client.conversations(), fresh.client.conversations());
      await device.client.open(kept);
      assert.deepEqual(texts(device.client, kept), ["kept 1"]);
      assert.equal(
        device.states.filter((state) => state === "connecting").length,
        1,
        device.states.join(", "),
      );
      assert.deepEqual(device.logger.errors, []);
    }
    await sayAll(again[0]!.client, kept, ["answer"]);
    await until(() => texts(again[1]!.client, kept).at(-1) === "answer");
    for (const { client } of [fresh, ...again]) await client.stop();
  });
});

test("a direct chat that is begun again after it was shredded shows what is new, on devices that knew the old one", async () => {
  await withPlace(async (place) => {
    const [alice, bobsPhone] = [await place.signIn("alice", "phone"), await place.signIn("bob", "desk")];
    const [writer, reader] = [await place.back(alice), await place.back(bobsPhone)];
    const chat = await writer.client.createDirect(BOB);
    await sayAll(writer.client, chat, ["old 1", "old 2", "old 3", "old 4", "old 5"]);
    await until(
      () => reader.client.conversations()[0]?.lastSequence === writer.client.conversations()[0]?.lastSequence,
    );
    await reader.client.open(chat);
    await reader.client.stop();
    await writer.client.stop();
    await place.catchUp(alice);
    await place.catchUp(bobsPhone);
    await place.shred("--conversation", chat);

    const writes = await place.back(alice);
    assert.equal(await writes.client.createDirect(BOB), chat);
    await sayAll(writes.client, chat, ["new 1", "new 2"]);
    const reads = await place.back(bobsPhone);
    await reads.client.open(chat);
    await until(() => texts(reads.client, chat).includes("new 2"));
    await sayAll(reads.client, chat, ["answer"]);
    await until(() => texts(writes.client, chat).includes("answer"));
    const fresh = await place.back(await place.signIn("bob", "fresh"));
    await fresh.client.open(chat);
    for (const { client, logger } of [reads, writes, fresh]) {
      assert.deepEqual(texts(client, chat), ["new 1", "new 2", "answer"]);
      assert.deepEqual(logger.errors, []);
      await client.stop();
    }
  });
});

test("a device of a shredded organisation is signed out, and sees only what is new when it signs in again", async () => {
  await withPlace(async (place) => {
    const bobsPhone = await place.signIn("bob", "phone");
    const alice = await place.signIn("alice", "desk");
    const [writer, reader] = [await place.back(alice), await place.back(bobsPhone)];
    const chat = await writer.client.createDirect(BOB);
    await sayAll(writer.client, chat, ["old 1", "old 2", "old 3"]);
    await until(
      () => reader.client.conversations()[0]?.lastSequence === writer.client.conversations()[0]?.lastSequence,
    );
    await reader.client.open(chat);
    await reader.client.stop();
    await writer.client.stop();
    await place.catchUp(bobsPhone);
    // The next start finds nobody, and makes the demo organisation again: the same people and conversations.
    await place.shred("--tenant", "main");

    const gone = await place.come(bobsPhone);
    await until(() => gone.client.state === "signed-out");
    assert.equal(gone.states.filter((state) => state === "connecting").length, 1, gone.states.join(", "));
    assert.deepEqual(gone.logger.errors, []);
    await gone.client.stop();

    const writes = await place.back(await place.signIn("alice", "new desk"));
    // More than there was before, so that every old place in the queue is one in the new queue too.
    const said = Array.from({ length: 12 }, (_, index) => `new ${index}`);
    await sayAll(writes.client, chat, said);
    const { login: bobAgain } = await place.signIn("bob", "signed in again");
    const reads = await place.back({ ...bobsPhone, login: bobAgain });
    const fresh = await place.back(await place.signIn("bob", "fresh"));
    for (const { client } of [reads, fresh]) await client.open(chat);
    assert.deepEqual(texts(fresh.client, chat).slice(-12), said);
    assert.deepEqual(texts(reads.client, chat), texts(fresh.client, chat));
    assert.deepEqual(reads.client.conversations(), fresh.client.conversations());
    await sayAll(reads.client, chat, ["answer"]);
    await until(() => texts(writes.client, chat).at(-1) === "answer");
    for (const { client, logger } of [reads, fresh, writes]) {
      assert.deepEqual(logger.errors, []);
      await client.stop();
    }
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  const endMs = performance.now() + SETTLED_MS_MAX;
  while (!isTrue()) {
    assert.ok(performance.now() < endMs, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
