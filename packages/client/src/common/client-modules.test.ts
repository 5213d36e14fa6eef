/** Events of modules on a device. */
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { encode, Event, filled, ModuleEvent, type ModuleName } from "@parley/protocol";
import type { HttpRequest } from "./http.js";
import { type ClientBench, createClientBench, GROUP } from "../testing/client-bench.js";
import type { ModuleReset, ModuleTold } from "./modules.js";

const TODO = "todo" as ModuleName;

interface Heard {
  readonly bench: ClientBench;
  readonly told: ModuleTold[];
  readonly resets: ModuleReset[];
}

async function listening(bench = createClientBench()): Promise<Heard> {
  const told: ModuleTold[] = [];
  const resets: ModuleReset[] = [];
  bench.client.on("module", (event) => told.push(event));
  bench.client.on("module-reset", (reset) => resets.push(reset));
  await bench.begin();
  return { bench, told, resets };
}

function publish({ bench }: Heard, id: string, more: Partial<ModuleEvent> = {}): void {
  const module = filled(ModuleEvent, { module: TODO, id, timeMs: 5, data: new Uint8Array([1, 2]), ...more });
  bench.world.push({ module });
}

function toldOf(id: string, more: Partial<ModuleTold> = {}): ModuleTold {
  return {
    module: TODO,
    id,
    timeMs: 5,
    data: new Uint8Array([1, 2]),
    conversationId: undefined,
    isAhead: false,
    ...more,
  };
}

test("an event of a module is told once, when it is stored that it was", async () => {
  const heard = await listening();
  const { bench } = heard;
  publish(heard, "e-1");
  publish(heard, "e-2", { conversationId: GROUP });
  await bench.sync();
  bench.server.rewind(2);
  publish(heard, "e-3");
  await bench.sync();
  deepEqual(heard.told, [toldOf("e-1"), toldOf("e-2", { conversationId: GROUP }), toldOf("e-3")]);
  await bench.client.stop();
});

test("the place of an event that is not for this device counts", async () => {
  const heard = await listening();
  const { bench } = heard;
  bench.world.push({});
  publish(heard, "e-1");
  await bench.sync();
  deepEqual([heard.told, bench.client.state], [[toldOf("e-1")], "live"]);
  await bench.client.stop();
});

test("a new device is told that it has to ask the modules, and one that goes on is not", async () => {
  const heard = await listening();
  const { bench } = heard;
  const first = [...heard.resets];
  bench.server.cut();
  publish(heard, "e-1");
  await bench.sync();
  deepEqual([first, heard.resets, heard.told], [[{ conversationId: undefined }], first, [toldOf("e-1")]]);
  await bench.client.stop();
});

test("a device says in Hello what it is", async () => {
  const heard = await listening(createClientBench(1, undefined, { deviceKind: "tablet" }));
  deepEqual(
    heard.bench.server.framesOf("hello").map(({ deviceKind }) => deviceKind),
    ["tablet"],
  );
  await heard.bench.client.stop();
});

function sayAhead({ bench }: Heard, id: string, pts: number): void {
  const module = filled(ModuleEvent, {
    module: TODO,
    id,
    timeMs: 5,
    data: new Uint8Array([1, 2]),
    priority: 1,
  });
  bench.server.say("ahead", { epoch: bench.world.epoch, pts, event: encode(Event, { module }) });
}

test("a copy that goes ahead is told at once, and not again in its place", async () => {
  const heard = await listening();
  const { bench } = heard;
  bench.server.isHoldingPushes = true;
  publish(heard, "e-1");
  publish(heard, "e-2", { priority: 1 });
  sayAhead(heard, "e-2", 9);
  sayAhead(heard, "e-2", 9);
  await bench.time.advance(1);
  const before = [...heard.told];
  bench.server.isHoldingPushes = false;
  await bench.sync();
  deepEqual(
    [before, heard.told],
    [[toldOf("e-2", { isAhead: true })], [toldOf("e-2", { isAhead: true }), toldOf("e-1")]],
  );
  await bench.client.stop();
});

test("of copies that go ahead the newest are remembered", async () => {
  const heard = await listening();
  const { bench } = heard;
  for (let index = 0; index < 65; index++) sayAhead(heard, `e-${index}`, 100 + index);
  publish(heard, "e-0");
  publish(heard, "e-64");
  await bench.sync();
  deepEqual(heard.told.slice(65), [toldOf("e-0")]);
  await bench.client.stop();
});

test("after a rebase an id that was told ahead is a new event", async () => {
  const heard = await listening();
  const { bench } = heard;
  sayAhead(heard, "e-1", 100);
  await bench.time.advance(1);
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.sync();
  publish(heard, "e-1");
  await bench.sync();
  deepEqual([heard.resets.length, heard.told], [2, [toldOf("e-1", { isAhead: true }), toldOf("e-1")]]);
  await bench.client.stop();
});

test("a copy whose place is behind a rebase is told once", async () => {
  const heard = await listening();
  const { bench } = heard;
  const { epoch } = bench.world;
  const pts = bench.world.events.length;
  // The list is on its way when the copy comes.
  bench.server.say("rebase", { epoch, pts, reason: "too-far-behind" });
  sayAhead(heard, "e-1", pts + 1);
  publish(heard, "e-1");
  await bench.sync();
  deepEqual([heard.resets.length, heard.told], [2, [toldOf("e-1", { isAhead: true })]]);
  await bench.client.stop();
});

test("a ticket is asked for with the token, and what is refused is told", async () => {
  const requests: HttpRequest[] = [];
  const answers = [
    { status: 200, text: '{"ticket":"parley_t_1"}' },
    { status: 404, text: '{"code":"not-found","detail":"There is no module none."}' },
    { status: 200, text: "<html>" },
  ];
  const http = (request: HttpRequest) => {
    requests.push(request);
    const { status, text } = answers.shift()!;
    const bytes = () => Promise.resolve(new Uint8Array(0));
    const answer = { status, header: () => null, bytes, text: () => Promise.resolve(text) };
    return { answer: Promise.resolve(answer), cancel: () => undefined };
  };
  const { client } = createClientBench(1, undefined, { http });
  deepEqual(await client.moduleTicket("todo"), "parley_t_1");
  await rejects(client.moduleTicket("none"), { code: "not-found" });
  await rejects(client.moduleTicket("todo"), { code: "malformed" });
  deepEqual(requests[0], {
    method: "POST",
    url: "http://test/v1/tickets",
    headers: { authorization: "Bearer token", "content-type": "application/json" },
    body: '{"module":"todo"}',
  });
});

test("a server of tickets that does not answer is waited for so long", async () => {
  const http = () => {
    let cancel = (): void => undefined;
    const answer = new Promise<never>((_, reject) => {
      cancel = () => reject(new Error("cancelled"));
    });
    return { answer, cancel };
  };
  const { client, time } = createClientBench(1, undefined, { http });
  const asked = client.moduleTicket("todo");
  const refused = rejects(asked, { code: "unavailable" });
  await time.advance(15_000);
  await refused;
  await rejects(createClientBench().client.moduleTicket("todo"), { code: "unavailable" });
});
