/** Modules over HTTP: their keys, what they publish, and tickets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import { manualAmbient, RecordingLogger } from "@parley/base/testing";
import type { ModulePublication } from "@parley/contracts";
import { MODULE_DATA_BYTES_MAX, type ModuleName, type TenantId } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import { createApi } from "./create-api.js";
import { MODULE } from "./module-rows.js";
import { EVENT_BODY_BYTES_MAX } from "./module-routes.js";
import { MODULES_MAX, ModuleStore } from "./module-store.js";
import { AccountBench, OTHER, outcomeOf, TENANT, turn } from "./testing/account-bench.js";
import { TICKET_MS, TICKETS_PER_SESSION_MAX, Tickets } from "./tickets.js";

const TODO = { tenantId: TENANT, module: "todo" as ModuleName };
const CALLS = { tenantId: TENANT, module: "calls" as ModuleName };

class ModuleApiBench {
  readonly accounts = new AccountBench();
  readonly published: (readonly [TenantId, ModulePublication])[] = [];
  readonly quotas: string[] = [];
  readonly store: ModuleStore;
  readonly tickets: Tickets;
  failure: Failure | undefined;

  constructor() {
    const { clock, random } = manualAmbient(this.accounts.time);
    const { tables } = this.accounts;
    this.store = new ModuleStore({
      tables,
      clock,
      random,
      onQuota: ({ module }, quota) => this.quotas.push(`${module} ${quota?.eventsPerSecond ?? "any"}`),
    });
    this.tickets = new Tickets({ accounts: this.accounts.accounts, clock, random });
  }

  async withApi(run: (api: FastifyInstance) => Promise<void>): Promise<void> {
    const api = await createApi({
      accounts: this.accounts.accounts,
      tenantDefault: TENANT,
      logger: new RecordingLogger(),
      modules: {
        store: this.store,
        tickets: this.tickets,
        calls: {
          publish: (tenantId, publication) => {
            if (this.failure !== undefined) return Promise.reject(this.failure);
            this.published.push([tenantId, publication]);
            return Promise.resolve({ isDuplicate: false });
          },
        },
      },
    });
    try {
      await run(api);
    } finally {
      await api.close();
    }
  }
}

async function ask(
  api: FastifyInstance,
  url: string,
  token: string,
  payload: object,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${token}` };
  const { statusCode, body } = await api.inject({ method: "POST", url, headers, payload });
  return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> };
}

const EVENT = { id: "e-1", to: { userIds: ["ann"] } };

test("an event is published as the module of the key says it", async () => {
  const bench = new ModuleApiBench();
  const key = await bench.store.add(TODO);
  await bench.withApi(async (api) => {
    const push = { policy: "alert", title: "Milk" };
    const whole = {
      ...EVENT,
      data: "AQID",
      deviceKinds: ["phone"],
      collapseKey: "k",
      priority: "low",
      expiresAtMs: 9,
      push,
    };
    const answers = [
      await ask(api, "/v1/modules/events", key, whole),
      await ask(api, "/v1/modules/events", key, { id: "e-2", to: { conversationId: "g:team" } }),
    ];
    const data = new Uint8Array([1, 2, 3]);
    assert.deepEqual(
      [answers, bench.published],
      [
        Array.from({ length: 2 }, () => ({ status: 200, body: { isDuplicate: false } })),
        [
          [
            TENANT,
            {
              module: "todo",
              id: "e-1",
              data,
              to: { userIds: ["ann"] },
              deviceKinds: ["phone"],
              collapseKey: "k",
              priority: 2,
              expiresAtMs: 9,
              push: { policy: "alert", title: "Milk", text: "" },
            },
          ],
          [
            TENANT,
            {
              module: "todo",
              id: "e-2",
              data: new Uint8Array(0),
              to: { conversationId: "g:team" },
              priority: 0,
            },
          ],
        ],
      ],
    );
  });
});

test("the largest event passes, and a body beyond the bound does not", async () => {
  const bench = new ModuleApiBench();
  const key = await bench.store.add(TODO);
  await bench.withApi(async (api) => {
    const data = Buffer.alloc(MODULE_DATA_BYTES_MAX, 255).toString("base64");
    const userIds = Array.from({ length: 1000 }, (_, index) => `${"u".repeat(60)}${1000 + index}`);
    const largest = await ask(api, "/v1/modules/events", key, { id: "e-1", to: { userIds }, data });
    const beyond = await ask(api, "/v1/modules/events", key, {
      ...EVENT,
      more: "m".repeat(EVENT_BODY_BYTES_MAX),
    });
    assert.deepEqual(
      [largest.status, bench.published[0]![1].data.length, beyond.status, beyond.body["detail"]],
      [200, MODULE_DATA_BYTES_MAX, 413, `A body has at most ${EVENT_BODY_BYTES_MAX} bytes.`],
    );
  });
});

const REFUSED: readonly (readonly [object, number, string, string | undefined])[] = [
  [{ ...EVENT, id: undefined }, 400, "bad-request", undefined],
  [{ ...EVENT, to: {} }, 400, "bad-request", "to"],
  [{ ...EVENT, to: { userIds: ["ann"], conversationId: "g:team" } }, 400, "bad-request", "to"],
  [{ ...EVENT, to: { deviceIds: ["d-1"], conversationId: "g:team" } }, 400, "bad-request", "deviceIds"],
  [{ ...EVENT, data: "A" }, 400, "bad-request", "data"],
  [{ ...EVENT, data: "AQ=" }, 400, "bad-request", "data"],
  [{ ...EVENT, priority: "high" }, 400, "bad-request", undefined],
  [{ ...EVENT, to: { userIds: Array.from({ length: 1001 }, () => "a") } }, 400, "bad-request", undefined],
];

for (const [event, status, code, field] of REFUSED) {
  test(`an event that is none is refused: ${JSON.stringify(event).slice(0, 60)}`, async () => {
    const bench = new ModuleApiBench();
    const key = await bench.store.add(TODO);
    await bench.withApi(async (api) => {
      const answer = await ask(api, "/v1/modules/events", key, event);
      assert.deepEqual(
        [answer.status, answer.body["code"], answer.body["field"], bench.published],
        [status, code, field, []],
      );
    });
  });
}

test("what the service refuses is a problem with its field, and a wait in the header", async () => {
  const bench = new ModuleApiBench();
  const key = await bench.store.add(TODO);
  await bench.withApi(async (api) => {
    const details = { field: "userIds" };
    bench.failure = new Failure("user-not-found", "There is no user bob.", { details });
    const unknown = await ask(api, "/v1/modules/events", key, EVENT);
    bench.failure = new Failure("too-many-requests", "Wait.", { retry: "same", retryAfterMs: 1_200 });
    const headers = { authorization: `Bearer ${key}` };
    const { statusCode, headers: told } = await api.inject({
      method: "POST",
      url: "/v1/modules/events",
      headers,
      payload: EVENT,
    });
    assert.deepEqual(
      [unknown.status, unknown.body["code"], unknown.body["field"], statusCode, told["retry-after"]],
      [404, "user-not-found", "userIds", 429, "2"],
    );
  });
});

test("only a key that is there publishes: not a user's token, not one that was replaced or removed", async () => {
  const bench = new ModuleApiBench();
  await bench.accounts.addUser("ann");
  const { token } = await bench.accounts.issue("ann");
  const first = await bench.store.add(TODO);
  await bench.withApi(async (api) => {
    const publish = async (key: string): Promise<unknown> => {
      const { status, body } = await ask(api, "/v1/modules/events", key, EVENT);
      return status === 200 ? "ok" : `${status} ${String(body["code"])}`;
    };
    const before = await publish(first);
    const second = await bench.store.add(TODO);
    const replaced = [await publish(first), await publish(second)];
    const removed = await bench.store.remove(TODO);
    const after = [await publish(second), await publish(token), await publish("")];
    assert.deepEqual(
      [before, replaced, removed, after, await bench.store.remove(TODO)],
      [
        "ok",
        ["401 module-key-invalid", "ok"],
        true,
        Array.from({ length: 3 }, () => "401 module-key-invalid"),
        false,
      ],
    );
  });
});

test("a key is stored as a hash, and listed never", async () => {
  const bench = new ModuleApiBench();
  const key = await bench.store.add(TODO);
  const listed = JSON.stringify(await bench.store.list(TENANT));
  const stored = bench.accounts.tables.written.map((value) => Buffer.from(value).toString("latin1")).join();
  assert.deepEqual(
    [/^parley_m_[\w-]{43}$/.test(key), stored.includes(key.slice(9)), listed.includes(key.slice(9)), listed],
    [
      true,
      false,
      false,
      JSON.stringify([{ module: "todo", createdMs: bench.accounts.time.nowMs(), quota: null }]),
    ],
  );
});

test("a key that is removed while it is looked up is not remembered", async () => {
  const bench = new ModuleApiBench();
  const key = await bench.store.add(TODO);
  const release = bench.accounts.tables.holdNextRead(MODULE);
  const early = outcomeOf(bench.store.verify(key));
  await turn();
  await bench.store.remove(TODO);
  release();
  await early;
  assert.equal(await outcomeOf(bench.store.verify(key)), "module-key-invalid");
});

test("a key outlives the rows of an organisation that was destroyed, and opens nothing", async () => {
  const bench = new ModuleApiBench();
  const key = await bench.store.add(TODO);
  const gone = { kind: "delete" as const, table: MODULE, sort: [TODO.module] };
  await bench.accounts.tables.write([{ partition: [TENANT], writes: [gone] }], { isDurable: true });
  assert.equal(await outcomeOf(bench.store.verify(key)), "module-key-invalid");
});

test("what a module may publish is told when it comes, and whenever it is set", async () => {
  const bench = new ModuleApiBench();
  const unknown = await outcomeOf(bench.store.limit(TODO, undefined));
  const key = await bench.store.add(TODO);
  await bench.store.verify(key);
  await bench.store.limit(TODO, { eventsPerSecond: 5, receiversPerSecond: 50 });
  const [listed] = await bench.store.list(TENANT);
  await bench.store.verify(await bench.store.add(TODO));
  await bench.store.limit(TODO, undefined);
  assert.deepEqual(
    [unknown, bench.quotas, listed!.quota],
    [
      "not-found",
      ["todo any", "todo 5", "todo 5", "todo any"],
      { eventsPerSecond: 5, receiversPerSecond: 50 },
    ],
  );
});

test("an organisation has so many modules, and others have their own", async () => {
  const bench = new ModuleApiBench();
  for (let index = 0; index < MODULES_MAX; index++)
    await bench.store.add({ ...TODO, module: `m-${index}` as ModuleName });
  const again = await outcomeOf(bench.store.add({ ...TODO, module: "m-0" as ModuleName }));
  const beyond = await outcomeOf(bench.store.add(TODO));
  assert.deepEqual(
    [again, beyond, await outcomeOf(bench.store.add({ ...TODO, tenantId: OTHER }))],
    ["ok", "bad-request", "ok"],
  );
});

test("a module learns once who comes with a ticket, and never the token", async () => {
  const bench = new ModuleApiBench();
  await bench.accounts.addUser("ann");
  const { token, session } = await bench.accounts.issue("ann");
  const todo = await bench.store.add(TODO);
  const calls = await bench.store.add(CALLS);
  await bench.withApi(async (api) => {
    const made = await ask(api, "/v1/tickets", token, { module: "todo" });
    const ticket = made.body["ticket"];
    const exchange = (key: string) => ask(api, "/v1/modules/tickets", key, { ticket });
    const other = await exchange(calls);
    const mine = await exchange(todo);
    const again = await exchange(todo);
    const unknown = await ask(api, "/v1/tickets", token, { module: "none" });
    const noUser = await ask(api, "/v1/tickets", todo, { module: "todo" });
    assert.deepEqual(
      [
        made.status,
        made.body["expiresInMs"],
        other.status,
        mine,
        again.status,
        unknown.status,
        noUser.status,
      ],
      [
        200,
        TICKET_MS,
        404,
        { status: 200, body: { tenant: TENANT, userId: "ann", deviceId: session.deviceId } },
        404,
        404,
        401,
      ],
    );
  });
});

test("a ticket is good for a minute, as long as its session, and for its organisation", async () => {
  const bench = new ModuleApiBench();
  await bench.accounts.addUser("ann");
  const { session } = await bench.accounts.issue("ann");
  const old = bench.tickets.issue(session, TODO.module);
  await bench.accounts.time.advance(TICKET_MS - 1);
  const kept = bench.tickets.issue(session, TODO.module);
  await bench.accounts.time.advance(1);
  const seen = [
    bench.tickets.exchange(TODO, old),
    bench.tickets.exchange({ ...TODO, tenantId: OTHER }, kept),
    bench.tickets.exchange(TODO, kept)?.userId,
  ];
  const ended = bench.tickets.issue(session, TODO.module);
  await bench.accounts.accounts.revoke(TENANT, session.userId, session.sessionId);
  assert.deepEqual([seen, bench.tickets.exchange(TODO, ended)], [[undefined, undefined, "ann"], undefined]);
});

test("a session has so many unused tickets", async () => {
  const bench = new ModuleApiBench();
  await bench.accounts.addUser("ann");
  const { session } = await bench.accounts.issue("ann");
  const issue = () => outcomeOf(Promise.resolve().then(() => bench.tickets.issue(session, TODO.module)));
  const outcomes = [];
  for (let index = 0; index <= TICKETS_PER_SESSION_MAX; index++) outcomes.push(await issue());
  await bench.accounts.time.advance(TICKET_MS);
  assert.deepEqual([outcomes.indexOf("too-many-requests"), await issue()], [TICKETS_PER_SESSION_MAX, "ok"]);
});
