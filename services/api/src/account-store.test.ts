/** Sign-in, sessions and accounts. Argon2 does its real work here, so passwords are used sparingly. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "@parley/base";
import type { SessionId, UserId } from "@parley/protocol";
import { ACCOUNT, SESSION, TOKEN } from "./account-rows.js";
import { AccountBench, OTHER, PASSWORD, TENANT, outcomeOf, turn } from "./testing/account-bench.js";

const ANN = "ann" as UserId;

test("who signs in gets a token that is verified as their session, also after a restart", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann", PASSWORD);
  const { token, session } = await bench.login("ann");
  const restarted = new AccountBench({ over: bench });
  assert.deepEqual(
    [
      session.tenantId,
      session.userId,
      await bench.accounts.verify(token),
      await restarted.accounts.verify(token),
    ],
    [TENANT, ANN, session, session],
  );
});

test("nothing that is stored holds a token or a password", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann", PASSWORD);
  const { token } = await bench.login("ann");
  const stored = Buffer.concat(bench.tables.written).toString("latin1");
  const secret = token.slice("parley_".length);
  assert.deepEqual(
    [stored.includes(PASSWORD), stored.includes(secret), stored.includes("$argon2id$")],
    [false, false, true],
  );
});

test("a wrong password, an unknown user and a user without a password get the same answer", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann", PASSWORD);
  await bench.addUser("bot");
  const tries: readonly Parameters<AccountBench["login"]>[] = [
    ["ann", "wrong horse"],
    ["nobody"],
    ["bot"],
    ["bot", ""],
    ["ann", PASSWORD, OTHER],
    ["ann", PASSWORD.repeat(100)],
  ];
  const answers = [];
  for (const each of tries) {
    const failure = (await bench.login(...each).catch((error: unknown) => error)) as Failure;
    const { code, message, retry, retryAfterMs, details } = failure;
    answers.push({ code, message, retry, retryAfterMs, details });
  }
  const expected = {
    code: "invalid-credentials",
    message: "The user or the password is wrong.",
    retry: "after-change",
    retryAfterMs: 0,
    details: {},
  };
  assert.deepEqual(
    answers,
    tries.map(() => expected),
  );
});

test("an unknown user costs the same work: they take the places of those who check passwords", async () => {
  const bench = new AccountBench();
  const names = Array.from({ length: 17 }, (_, index) => `nobody-${index}`);
  const codes = await Promise.all(names.map((name) => outcomeOf(bench.login(name))));
  assert.deepEqual(codes.toSorted(), [
    ...Array.from({ length: 16 }, () => "invalid-credentials"),
    "too-many-requests",
  ]);
});

test("ten wrong passwords are followed by a wait, for this user of this tenant alone; signing in forgets them", async () => {
  const bench = new AccountBench();
  await Promise.all([bench.addUser("ann", PASSWORD), bench.addUser("bob", PASSWORD)]);
  await bench.addUser("ann", PASSWORD, OTHER);
  const wrong = (count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, () => outcomeOf(bench.login("ann", "wrong horse"))));
  await wrong(9);
  const forgiven = [await outcomeOf(bench.login("ann"))];
  await wrong(1);
  forgiven.push(await outcomeOf(bench.login("ann")));
  await wrong(10);
  const failure = (await bench.login("ann").catch((error: unknown) => error)) as Failure;
  const others = [await outcomeOf(bench.login("bob")), await outcomeOf(bench.login("ann", PASSWORD, OTHER))];
  await bench.time.advance(failure.retryAfterMs);
  const later = await outcomeOf(bench.login("ann"));
  assert.deepEqual(
    [forgiven, failure.code, failure.retry, failure.retryAfterMs, others, later],
    [["ok", "ok"], "too-many-requests", "same", 60_000, ["ok", "ok"], "ok"],
  );
});

test("a disabled account says so to who knows its password, to nobody else, and its sessions end", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann", PASSWORD);
  const { token, session } = await bench.login("ann");
  await bench.accounts.setDisabled(TENANT, ANN, true);
  const codes = [
    await outcomeOf(bench.login("ann")),
    await outcomeOf(bench.login("ann", "wrong horse")),
    await outcomeOf(bench.issue("ann")),
    await outcomeOf(bench.accounts.verify(token)),
  ];
  await bench.accounts.setDisabled(TENANT, ANN, false);
  codes.push(await outcomeOf(bench.login("ann")), await outcomeOf(bench.accounts.verify(token)));
  assert.deepEqual(
    [codes, bench.ended],
    [
      [
        "account-disabled",
        "invalid-credentials",
        "account-disabled",
        "session-invalid",
        "ok",
        "session-invalid",
      ],
      [session.sessionId],
    ],
  );
});

test("a new password ends all sessions of its user, and of nobody else", async () => {
  const bench = new AccountBench({ sessionsPerUserMax: 3 });
  await bench.addUser("ann", PASSWORD);
  await bench.addUser("bob");
  const sessions = [await bench.issue("ann"), await bench.issue("ann"), await bench.issue("ann")];
  const other = await bench.issue("bob");
  for (const { token } of sessions) await bench.accounts.verify(token);
  await bench.accounts.setPassword(TENANT, ANN, "another horse");
  const codes = [];
  for (const { token } of [...sessions, other]) codes.push(await outcomeOf(bench.accounts.verify(token)));
  codes.push(await outcomeOf(bench.login("ann")), await outcomeOf(bench.login("ann", "another horse")));
  assert.deepEqual(codes, [
    "session-invalid",
    "session-invalid",
    "session-invalid",
    "ok",
    "invalid-credentials",
    "ok",
  ]);
  assert.deepEqual(
    bench.ended.toSorted(),
    sessions.map(({ session }) => session.sessionId as string).toSorted(),
  );
});

test("a sign-in under way with the old password opens nothing once the new one is set", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann", PASSWORD);
  const release = bench.tables.holdNextRead(ACCOUNT);
  const login = outcomeOf(bench.login("ann"));
  await turn();
  await bench.accounts.setPassword(TENANT, ANN, "another horse");
  release();
  assert.deepEqual(
    [await login, await bench.accounts.listSessions(TENANT, ANN)],
    ["invalid-credentials", []],
  );
});

test("a sign-in under way while the account is disabled leaves no session, whichever comes first", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann", PASSWORD);
  const release = bench.tables.holdNextRead(ACCOUNT);
  const before = outcomeOf(bench.issue("ann"));
  const disabled = bench.accounts.setDisabled(TENANT, ANN, true);
  await turn();
  release();
  await disabled;
  assert.deepEqual(
    [await before, await outcomeOf(bench.login("ann")), await bench.accounts.listSessions(TENANT, ANN)],
    ["ok", "account-disabled", []],
  );
});

test("unknown, forged, expired and revoked tokens are refused alike", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const [expired, expiredUnseen, revoked, good] = [
    await bench.issue("ann", 1_000),
    await bench.issue("ann", 1_000),
    await bench.issue("ann"),
    await bench.issue("ann"),
  ];
  for (const { token } of [expired, revoked, good]) await bench.accounts.verify(token);
  await bench.accounts.revoke(TENANT, ANN, revoked.session.sessionId);
  await bench.time.advance(1_000);
  const flipped = good.token.at(-1) === "A" ? "B" : "A";
  const tokens = [
    "",
    "parley_",
    good.session.sessionId,
    good.token.slice(0, -1),
    `${good.token.slice(0, -1)}${flipped}`,
    `${good.token} `,
    expired.token,
    expiredUnseen.token,
    revoked.token,
  ];
  const codes = [];
  for (const token of tokens) codes.push(await outcomeOf(bench.accounts.verify(token)));
  assert.deepEqual(
    [codes, await outcomeOf(bench.accounts.verify(good.token))],
    [tokens.map(() => "session-invalid"), "ok"],
  );
});

test("a session that ends while its token is read is not remembered", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const { token, session } = await bench.issue("ann");
  const release = bench.tables.holdNextRead(TOKEN);
  const first = outcomeOf(bench.accounts.verify(token));
  await turn();
  await bench.accounts.revoke(TENANT, ANN, session.sessionId);
  release();
  await first;
  assert.equal(await outcomeOf(bench.accounts.verify(token)), "session-invalid");
});

test("a token that was seen before costs no read", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const { token } = await bench.issue("ann");
  await bench.accounts.verify(token);
  bench.tables.holdNextRead(TOKEN);
  assert.equal(await outcomeOf(bench.accounts.verify(token)), "ok");
});

test("sessions are listed with their devices; another tenant's user of the same name sees and ends none", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  await bench.addUser("ann", undefined, OTHER);
  const mine = await bench.issue("ann");
  const theirs = await bench.issue("ann", 3_600_000, OTHER);
  await bench.accounts.revoke(TENANT, ANN, theirs.session.sessionId);
  await bench.accounts.revoke(OTHER, ANN, mine.session.sessionId);
  const { sessionId, deviceId, expiresAtMs } = mine.session;
  assert.deepEqual(
    [await bench.accounts.listSessions(TENANT, ANN), await outcomeOf(bench.accounts.verify(theirs.token))],
    [[{ sessionId, deviceId, deviceName: "test", createdMs: expiresAtMs - 3_600_000, expiresAtMs }], "ok"],
  );
});

test("listeners hear of each ended session once, of unknown ones nothing, and nothing after they left", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const heard: SessionId[] = [];
  const stop = bench.accounts.onRevoked((sessionId) => heard.push(sessionId));
  const [first, second] = [await bench.issue("ann"), await bench.issue("ann")];
  for (const id of [first.session.sessionId, first.session.sessionId, "s-unknown" as SessionId])
    await bench.accounts.revoke(TENANT, ANN, id);
  stop();
  await bench.accounts.revoke(TENANT, ANN, second.session.sessionId);
  assert.deepEqual(heard, [first.session.sessionId]);
});

test("who has as many sessions as may be ends the oldest by signing in again", async () => {
  const bench = new AccountBench({ sessionsPerUserMax: 3 });
  await bench.addUser("ann");
  const issued = [];
  for (let count = 0; count < 5; count++) {
    issued.push(await bench.issue("ann"));
    await bench.time.advance(1);
  }
  const codes = [];
  for (const { token } of issued) codes.push(await outcomeOf(bench.accounts.verify(token)));
  assert.deepEqual(
    [codes, bench.ended],
    [
      ["session-invalid", "session-invalid", "ok", "ok", "ok"],
      issued.slice(0, 2).map(({ session }) => session.sessionId),
    ],
  );
});

test("a device that signs in again keeps its id", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const { session } = await bench.issue("ann");
  const request = { tenantId: TENANT, userId: ANN, deviceName: "test", deviceId: session.deviceId };
  const again = await bench.accounts.issueToken(request);
  assert.deepEqual(
    [again.session.deviceId, again.session.sessionId === session.sessionId],
    [session.deviceId, false],
  );
});

test("of two who add the same user one is refused, and no change undoes another", async () => {
  const bench = new AccountBench();
  const codes = await Promise.all([outcomeOf(bench.addUser("ann")), outcomeOf(bench.addUser("ann"))]);
  const bob = { userId: "bob" as UserId, name: "Bob" };
  const counts = await Promise.all([
    bench.accounts.addUsers(TENANT, [bob, { userId: ANN, name: "Other" }]),
    bench.accounts.addUsers(TENANT, [bob]),
  ]);
  await Promise.all([
    bench.accounts.setPassword(TENANT, ANN, PASSWORD),
    bench.accounts.setDisabled(TENANT, ANN, true),
    bench.accounts.setDisabled(TENANT, bob.userId, true),
  ]);
  assert.deepEqual(
    {
      codes: codes.toSorted(),
      counts: counts.toSorted(),
      users: (await bench.accounts.listUsers(TENANT, { prefix: "", after: "", limit: 0 })).users,
      logins: [await outcomeOf(bench.login("ann")), await outcomeOf(bench.login("bob"))],
    },
    {
      codes: ["bad-request", "ok"],
      counts: [0, 1],
      users: [
        { userId: "ann", name: "ANN", isSystem: false, pictureVersion: 0, title: "" },
        { ...bob, isSystem: false, pictureVersion: 0, title: "" },
      ],
      logins: ["account-disabled", "invalid-credentials"],
    },
  );
});

test("changing or signing in a user that does not exist is refused and leaves nothing behind", async () => {
  const bench = new AccountBench();
  const nobody = "nobody" as UserId;
  const codes = [
    await outcomeOf(bench.accounts.setDisabled(TENANT, nobody, true)),
    await outcomeOf(bench.accounts.setPassword(TENANT, nobody, PASSWORD)),
    await outcomeOf(bench.issue("nobody")),
  ];
  const users = await bench.accounts.findUsers(TENANT, [nobody]);
  assert.deepEqual([codes, users], [["user-not-found", "user-not-found", "user-not-found"], [undefined]]);
});

test("a token whose session is gone, as that of a destroyed organisation is, opens nothing for its name's next owner", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const { token, session } = await bench.issue("ann");
  const codes = [await outcomeOf(bench.accounts.verify(token))];
  const { tenantId, userId, sessionId } = session;
  const write = { kind: "delete" as const, table: SESSION, sort: [sessionId] };
  await bench.tables.write([{ partition: [tenantId, userId], writes: [write] }], { isDurable: true });
  const restarted = new AccountBench({ over: bench });
  codes.push(await outcomeOf(restarted.accounts.verify(token)));
  assert.deepEqual(codes, ["ok", "session-invalid"]);
});

test("users are listed in pages, by prefix, each once", async () => {
  const bench = new AccountBench();
  const names = ["al", "ali", "alice", "bob", "b~", "carol"].filter((name) => !name.includes("~"));
  await bench.accounts.addUsers(
    TENANT,
    names.map((name) => ({ userId: name as UserId, name })),
  );
  const listed = async (prefix: string): Promise<string[][]> => {
    const pages = [];
    let after = "";
    do {
      const page = await bench.accounts.listUsers(TENANT, { prefix, after, limit: 2 });
      pages.push(page.users.map(({ userId }) => userId as string));
      after = page.next;
    } while (after !== "" && pages.length < 9);
    return pages;
  };
  assert.deepEqual(
    [await listed(""), await listed("ali"), await listed("b"), await listed("z")],
    [[["al", "ali"], ["alice", "bob"], ["carol"]], [["ali", "alice"], []], [["bob"]], [[]]],
  );
});

for (const [what, password, code] of [
  ["too short", "1234567", "bad-request"],
  ["too long", "a".repeat(257), "bad-request"],
  ["as short as may be", "12345678", "ok"],
  ["as long as may be", "ä".repeat(256), "ok"],
] as const) {
  test(`a password that is ${what}: ${code}`, async () => {
    const bench = new AccountBench();
    assert.equal(await outcomeOf(bench.addUser("ann", password)), code);
  });
}
