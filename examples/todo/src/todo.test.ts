/**
 * Goal: a module needs nothing of the server but what any module gets, and its devices have its state, whatever they miss.
 * Method: a server, the module's own server, and devices; each must end with what is fetched fresh.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import type { ParleyClient } from "@parley/client";
import { createNodeClient, login } from "@parley/client/node";
import { type ConversationId, parseModuleName, type UserId } from "@parley/protocol";
import { DEFAULT_TENANT, DEMO_PASSWORD, parseConfig, type RunningServer, startServer } from "@parley/server";
import { changed, TodoList } from "./todo-list.js";
import { type RunningTodoServer, startTodoServer } from "./todo-server.js";
import { ITEMS_MAX, TodoStore } from "./todo-store.js";

const REBASE_EVENTS = 20;
const WAIT_MS = 20_000;

let folder: string;
let server: RunningServer;
let todo: RunningTodoServer;
let moduleKey: string;
const clients: ParleyClient[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-todo-"));
  const args = ["--data", join(folder, "data"), "--port", "0", "--reserve-mb", "0", "--rebase-events"];
  const fail = (error: unknown): never => {
    throw error;
  };
  server = await startServer(parseConfig([...args, String(REBASE_EVENTS)], {}), systemAmbient(), fail);
  moduleKey = await server.parley.modules.store.add({
    tenantId: DEFAULT_TENANT,
    module: parseModuleName("todo"),
  });
  todo = await startTodo();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop();
  await todo.close();
  await server.close();
  await rm(folder, { recursive: true });
});

function startTodo(): Promise<RunningTodoServer> {
  return startTodoServer({ parleyUrl: server.url, moduleKey, path: join(folder, "todo.json"), port: 0 });
}

/** Signs in over the module's server, which passes on what is for the other. */
async function device(user: string, url = todo.url): Promise<ParleyClient> {
  const { token, userId, deviceId } = await login(url, { user, password: DEMO_PASSWORD, device: "test" });
  const storePath = join(folder, `${deviceId}.store`);
  const client = createNodeClient({ url, token, userId, deviceId, storePath });
  clients.push(client);
  await client.start();
  await client.settled(WAIT_MS);
  return client;
}

function listOf(client: ParleyClient, conversationId: ConversationId): TodoList {
  return new TodoList({ client, url: todo.url, conversationId });
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!isTrue()) {
    assert.ok(Date.now() < deadline, "it comes in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("devices have the list: one that is there, one that was away, and one of which events were skipped", async () => {
  const [alice, bob, chen] = [await device("alice"), await device("bob"), await device("chen")];
  const userIds = ["bob", "chen"] as UserId[];
  const conversationId = await alice.createGroup({ title: "Household", userIds });
  const lists = [alice, bob, chen].map((client) => listOf(client, conversationId));
  const [hers, his, theirs] = lists as [TodoList, TodoList, TodoList];
  await Promise.all(lists.map((list) => list.open()));

  await hers.add("Milk");
  await his.add("Bread");
  await until(() => lists.every(({ state }) => state.version === 2));

  // Away for a while: what was missed comes as events.
  await bob.stop();
  await hers.setDone(hers.state.items[0]!.id, true);
  await hers.add("Eggs");
  await bob.start();
  await until(() => his.state.version === 4);

  // Away for too long: events are skipped, and the state is fetched.
  await chen.stop();
  for (let index = 0; index < REBASE_EVENTS + 5; index++) await hers.add(`Thing ${index}`);
  await his.remove(his.state.items[1]!.id);
  await todo.told();
  await chen.start();
  const { version } = { version: 4 + REBASE_EVENTS + 6 };
  await until(() => lists.every(({ state }) => state.version === version));

  const fresh = listOf(alice, conversationId);
  await fresh.open();
  assert.deepEqual(
    [lists.map(({ state }) => state), hers.fetches, his.fetches, theirs.fetches >= 2],
    [Array.from({ length: 3 }, () => fresh.state), 1, 1, true],
  );
  assert.deepEqual(
    fresh.state.items.slice(0, 2).map(({ text, isDone }) => `${text} ${isDone}`),
    ["Milk true", "Eggs false"],
  );
});

test("what was not told when the module's server ended is told by its next start, once", async () => {
  const alice = await device("alice", server.url);
  const conversationId = await alice.createDirect("bob" as UserId);
  const told: string[] = [];
  alice.on("module", ({ id }) => told.push(id));
  await todo.close();
  const path = join(folder, "todo.json");
  const store = await TodoStore.open(path);
  for (const id of ["a", "b"]) await store.change(conversationId, { kind: "add", id, text: id });
  const unpublished = await readFile(path);
  todo = await startTodo();
  await todo.told();
  await todo.close();
  // As if it had ended before it wrote down what was published.
  await writeFile(path, unpublished);
  await (await TodoStore.open(path)).change(conversationId, { kind: "remove", id: "a" });
  todo = await startTodo();
  await todo.told();
  await until(() => told.length >= 3);
  assert.deepEqual(
    [told, (await TodoStore.open(path)).pending],
    [[1, 2, 3].map((version) => `d_alice_bob-${version}`), []],
  );
});

test("nobody comes without a ticket, to the list of others, or with what is no change", async () => {
  const alice = await device("alice");
  const others = encodeURIComponent("d:bob:chen");
  const ask = async (session: string, path: string, body?: string): Promise<number> => {
    const headers = { authorization: `Bearer ${session}` };
    const init = body === undefined ? { headers } : { headers, method: "POST", body };
    return (await fetch(`${todo.url}/todo/lists/${path}`, init)).status;
  };
  const signIn = (ticket: string): Promise<Response> =>
    fetch(`${todo.url}/todo/sessions`, { method: "POST", body: JSON.stringify({ ticket }) });
  const { session } = (await (await signIn(await alice.moduleTicket("todo"))).json()) as { session: string };
  assert.deepEqual(
    [
      (await signIn("parley_t_none")).status,
      await ask("none", "g:x"),
      await ask(session, others),
      await ask(session, "g:x", "{"),
      await ask(session, "g:x", '{"kind":"add","id":"1","text":" "}'),
      await ask(session, "g:x"),
    ],
    [401, 401, 404, 400, 400, 200],
  );
});

test("the page and the SDK are served, and nothing beside them", async () => {
  const statuses = [];
  for (const path of [
    "/",
    "/page.css",
    "/list/browser/page.js",
    "/list/todo-list.js",
    "/sdk/client/browser/index.js",
    "/sdk/base/index.js",
    "/sdk/protocol/index.js",
    "/sdk/idb/index.js",
    "/todo.json",
    "/sdk/base/..%2f..%2fpackage.json",
    "/..%2fpackage.json",
  ])
    statuses.push((await fetch(`${todo.url}${path}`)).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 404, 404, 404]);
});

test("a list has so many items, and a change that is known changes nothing but the version", async () => {
  const store = await TodoStore.open(join(folder, "full.json"));
  const add = (id: string) => store.change("g:x", { kind: "add", id, text: id });
  let state = { version: 0, items: [] as readonly { id: string }[] };
  for (let index = 0; index < ITEMS_MAX; index++) state = (await add(`i-${index}`))!;
  assert.deepEqual([state.version, state.items.length, await add("more")], [ITEMS_MAX, ITEMS_MAX, undefined]);
  const once = changed({ version: 1, items: [] }, { kind: "add", id: "1", text: "Milk" });
  assert.deepEqual(changed(once, { kind: "add", id: "1", text: "Milk" }), { ...once, version: 3 });
});
