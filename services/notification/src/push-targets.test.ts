import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime } from "@parley/base/testing";
import type { PushTarget, Session, SessionInfo } from "@parley/contracts";
import type { DeviceId, SessionId, TenantId, UserId } from "@parley/protocol";
import { MemoryTables, MemoryTableStore } from "@parley/tables";
import { PushTargets } from "./push-targets.js";

const TENANT = "acme" as TenantId;
const PHONE: PushTarget = {
  channel: "apns",
  appId: "org.example.chat",
  token: "00ff",
  endpoint: "",
  publicKey: new Uint8Array(0),
  authSecret: new Uint8Array(0),
};
const BROWSER: PushTarget = {
  channel: "web-push",
  appId: "",
  token: "",
  endpoint: "https://push.example/1",
  publicKey: new Uint8Array(65),
  authSecret: new Uint8Array(16),
};

/** Targets over tables that survive, and accounts whose sessions a test ends. */
class Bench {
  readonly time = new ManualTime();
  readonly #store = new MemoryTableStore();
  readonly #live = new Map<SessionId, Session>();
  readonly #listeners = new Set<(sessionId: SessionId) => void>();

  session(name: string, device: string): Session {
    const session: Session = {
      tenantId: TENANT,
      userId: name as UserId,
      deviceId: device as DeviceId,
      sessionId: `s-${device}` as SessionId,
      expiresAtMs: this.time.nowMs() + 60_000,
    };
    this.#live.set(session.sessionId, session);
    return session;
  }

  /** `isTold` false: the process ended in between. */
  revoke(session: Session, isTold = true): void {
    this.#live.delete(session.sessionId);
    if (isTold) for (const listener of this.#listeners) listener(session.sessionId);
  }

  async open(targetsMax?: number): Promise<PushTargets> {
    const targets = new PushTargets({
      tables: new MemoryTables(this.#store, this.time),
      accounts: {
        listSessions: async (_tenantId, userId) =>
          [...this.#live.values()].filter((each) => each.userId === userId) as unknown as SessionInfo[],
        onRevoked: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      ...(targetsMax === undefined ? {} : { targetsMax }),
    });
    await targets.open();
    return targets;
  }
}

test("targets are kept over a restart, each for its session, the newest only", async () => {
  const bench = new Bench();
  const before = await bench.open();
  await before.setPushTarget(bench.session("ann", "phone"), PHONE);
  await before.setPushTarget(bench.session("ann", "phone"), { ...PHONE, token: "11" });
  await before.setPushTarget(bench.session("ann", "browser"), BROWSER);

  const targets = await bench.open();

  const found = await targets.find(TENANT, "ann" as UserId);
  assert.deepEqual(
    {
      found: found.map(({ deviceId, channel, token }) => ({ deviceId, channel, token })),
      users: [...targets.users()].map(({ userId }) => userId),
      has: ["ann", "bob"].map((name) => targets.has(TENANT, name as UserId)),
      count: targets.count,
    },
    {
      found: [
        { deviceId: "browser", channel: "web-push", token: "" },
        { deviceId: "phone", channel: "apns", token: "11" },
      ],
      users: ["ann"],
      has: [true, false],
      count: 2,
    },
  );
});

test("a target is gone with its session, also when its end was not heard", async () => {
  const bench = new Bench();
  const targets = await bench.open();
  const [heard, unheard, expired] = ["a", "b", "c"].map((device) => bench.session("ann", device)) as [
    Session,
    Session,
    Session,
  ];
  for (const session of [heard, unheard, expired]) await targets.setPushTarget(session, PHONE);

  bench.revoke(heard);
  bench.revoke(unheard, false);
  const found = await targets.find(TENANT, "ann" as UserId);
  await bench.time.advance(60_001);
  const later = await targets.find(TENANT, "ann" as UserId);

  assert.deepEqual(
    [found.map(({ deviceId }) => deviceId), later, targets.count, targets.has(TENANT, "ann" as UserId)],
    [["c"], [], 0, false],
  );
});

test("a target without a channel is taken away", async () => {
  const bench = new Bench();
  const targets = await bench.open();
  const phone = bench.session("ann", "phone");
  await targets.setPushTarget(phone, PHONE);

  await targets.setPushTarget(phone, { ...PHONE, channel: "" });

  assert.deepEqual(
    [targets.has(TENANT, "ann" as UserId), await targets.find(TENANT, "ann" as UserId)],
    [false, []],
  );
});

test("beyond the limit a new device is refused, and a known one changes", async () => {
  const bench = new Bench();
  const targets = await bench.open(1);
  const phone = bench.session("ann", "phone");
  await targets.setPushTarget(phone, PHONE);
  await targets.setPushTarget(phone, { ...PHONE, token: "11" });

  const outcome = targets.setPushTarget(bench.session("bob", "other"), PHONE);

  assert.equal(await outcome.catch((error: unknown) => failureCode(error)), "unavailable");
});

const REFUSED: readonly (readonly [string, PushTarget])[] = [
  ["an unknown channel", { ...PHONE, channel: "pigeon" }],
  ["an empty token", { ...PHONE, token: "" }],
  ["a token with spaces", { ...PHONE, token: "a b" }],
  ["a long token", { ...PHONE, token: "x".repeat(2049) }],
  ["a long app id", { ...PHONE, appId: "x".repeat(101) }],
  ["an endpoint that is no URL", { ...BROWSER, endpoint: "push" }],
  ["a long endpoint", { ...BROWSER, endpoint: `https://x/${"x".repeat(1024)}` }],
  ["a short key", { ...BROWSER, publicKey: new Uint8Array(64) }],
  ["a long secret", { ...BROWSER, authSecret: new Uint8Array(17) }],
];

for (const [what, target] of REFUSED) {
  test(`${what} is refused`, async () => {
    const bench = new Bench();
    const targets = await bench.open();

    const outcome = targets.setPushTarget(bench.session("ann", "phone"), target);

    assert.equal(await outcome.catch((error: unknown) => failureCode(error)), "bad-request");
  });
}
