import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { RunningServer } from "@parley/server";
import { type Outcome, runWords, withServerOn } from "./testing/run-words.js";

let folder: string;
let data: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-cli-"));
  data = join(folder, "data");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("users and tokens", () => {
  test("are managed without a server", () => manageAccounts());

  test("are managed through the server that holds the data directory", async () => {
    await withServer(manageAccounts);
  });

  test("a token signs in, until it is revoked", async () => {
    await withServer(async ({ url }) => {
      await run(["user", "add", "ann"], "long enough");
      const { token, sessionId } = json(await run(["token", "issue", "ann", "--json"]));
      const before = await statusOf(url, token);
      await run(["token", "revoke", "ann", String(sessionId)]);
      assert.deepEqual([before, await statusOf(url, token)], [200, 401]);
    });
  });

  test("a disabled user cannot sign in, an enabled one can", async () => {
    await withServer(async ({ url }) => {
      await run(["user", "add", "ann"], "long enough");
      await run(["user", "disable", "ann"]);
      const whileDisabled = await login(url, "ann", "long enough");
      await run(["user", "enable", "ann"]);
      assert.deepEqual([whileDisabled, await login(url, "ann", "long enough")], [403, 200]);
    });
  });

  test("a new password replaces the old one and ends sessions", async () => {
    await withServer(async ({ url }) => {
      await run(["user", "add", "ann"], "long enough");
      const { token } = json(await run(["token", "issue", "ann", "--json"]));
      await run(["user", "password", "ann"], "another one");
      assert.deepEqual(
        [
          await login(url, "ann", "long enough"),
          await login(url, "ann", "another one"),
          await statusOf(url, token),
        ],
        [401, 200, 401],
      );
    });
  });
});

describe("the command line", () => {
  test("says what it expected", async () => {
    const tried = [
      ["dance"],
      ["user", "add"],
      ["user", "add", "ann", "bob"],
      ["user", "list", "--color"],
      ["token", "issue", "ann", "--lifetime", "soon"],
      ["import-irc"],
      ["doctor", "now"],
    ];
    const outcomes = await Promise.all(tried.map((words) => run(words)));
    assert.deepEqual(
      outcomes.map(({ exitCode, err }) => [exitCode, err.split("\n")[0]]),
      [
        [2, "parley: there is no command dance."],
        [2, "parley: Name one user."],
        [2, "parley: Name one user."],
        [2, "parley: Unknown option '--color'."],
        [2, "parley: --lifetime must be a time such as 15m, 12h or 30d."],
        [2, "parley: Name the files or the folder to bring in."],
        [2, "parley: Unexpected now."],
      ],
    );
  });

  test("refuses a password that is too short, and one that exists", async () => {
    const short = await run(["user", "add", "ann"], "short");
    const added = await run(["user", "add", "ann"], "long enough");
    const again = await run(["user", "add", "ann"], "long enough");
    assert.deepEqual(
      [short, added, again].map(({ exitCode, err }) => [exitCode, err.split("\n")[0]]),
      [
        [2, "parley: A password has at least 8 characters."],
        [0, ""],
        [1, "parley: The user ann exists."],
      ],
    );
  });

  test("puts a failure into the JSON that a script waits for", async () => {
    const { exitCode, out } = await run(["token", "issue", "nobody", "--json"]);
    assert.deepEqual(
      [exitCode, JSON.parse(out[0]!)],
      [1, { error: { code: "user-not-found", message: "There is no user nobody." } }],
    );
  });

  test("shows all commands, and the options of one", async () => {
    const all = await run(["help"]);
    const one = await run(["import-irc", "--help"]);
    assert.match(all.out[0]!, /parley doctor/);
    assert.match(one.out[0]!, /--readers ID,ID/);
  });
});

describe("modules", () => {
  test("are managed without a server, and through one", async () => {
    await manageModules();
    await withServer(manageModules);
  });

  test("a key publishes, until it is removed", async () => {
    await withServer(async ({ url }) => {
      await run(["user", "add", "ann", "--no-password"]);
      const { key } = json(await run(["module", "add", "todo", "--json"]));
      const before = await publish(url, key);
      await run(["module", "remove", "todo"]);
      assert.deepEqual([before, await publish(url, key)], [200, 401]);
    });
  });

  test("a limit holds at once", async () => {
    await withServer(async ({ url }) => {
      await run(["user", "add", "ann", "--no-password"]);
      const { key } = json(await run(["module", "add", "todo", "--json"]));
      await run(["module", "limit", "todo", "--events", "1", "--receivers", "1"]);
      const statuses = [];
      // A burst of two seconds, and what the machine may take for the requests.
      for (let count = 0; count < 10; count++) statuses.push(await publish(url, key, `e-${count}`));
      assert.deepEqual([statuses[0], statuses.includes(429)], [200, true]);
    });
  });
});

async function manageModules(): Promise<void> {
  const added = await run(["module", "add", "todo", "--json"]);
  const limited = await run(["module", "limit", "todo", "--events", "5", "--receivers", "50"]);
  const half = await run(["module", "limit", "todo", "--events", "5"]);
  const listed = json(await run(["module", "list", "--json"]));
  const shown = await run(["module", "list"]);
  const removed = await run(["module", "remove", "todo"]);
  const unknown = await run(["module", "remove", "todo"]);
  const [info] = listed["modules"] as { module: string; quota: unknown }[];
  assert.deepEqual(
    {
      exitCodes: [added, limited, half, shown, removed, unknown].map(({ exitCode }) => exitCode),
      info: [info!.module, info!.quota],
      isKeyShown: JSON.stringify([listed, shown.out]).includes(String(json(added)["key"])),
    },
    {
      exitCodes: [0, 0, 2, 0, 0, 1],
      info: ["todo", { eventsPerSecond: 5, receiversPerSecond: 50 }],
      isKeyShown: false,
    },
  );
}

async function publish(url: string, key: unknown, id = "e-1"): Promise<number> {
  const response = await fetch(`${url}/v1/modules/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${String(key)}`, "content-type": "application/json" },
    body: JSON.stringify({ id, to: { userIds: ["ann"] } }),
  });
  return response.status;
}

describe("the doctor", () => {
  test("finds a sound installation sound, with and without a server", async () => {
    await run(["user", "add", "ann", "--no-password"]);
    const alone = await run(["doctor", "--json"]);
    const served = await withServer(() => run(["doctor", "--json"]));
    assert.deepEqual([alone, served].map(installationOf), ["ok", "ok"]);
    assert.deepEqual([alone.exitCode, served.exitCode], [0, 0]);
  });

  test("finds a directory of a newer version", async () => {
    await run(["user", "add", "ann", "--no-password"]);
    await writeFile(join(data, "format.json"), '{"format":99,"createdBy":"parley 9"}\n');
    const { exitCode, out } = await run(["doctor"]);
    assert.equal(exitCode, 1);
    assert.match(out.at(-1)!, /^FAILURE {2}installation .*data-directory-newer/);
  });

  test("warns that nothing is there yet, and makes nothing", async () => {
    const { exitCode, out } = await run(["doctor"]);
    const again = await run(["doctor"]);
    assert.match(out.at(-1)!, /^warning {2}data directory .*does not exist yet/);
    assert.deepEqual([exitCode, again.out.at(-1)], [0, out.at(-1)]);
  });
});

async function manageAccounts(): Promise<void> {
  const added = await run(["user", "add", "ann", "--name", "Ann"], "long enough");
  const guest = await run(["user", "add", "guest", "--no-password"]);
  const said = ["--name", "Guest", "--title", "Visitor", "--department", "a/b"];
  const named = await run(["user", "set", "guest", ...said]);
  const nothing = await run(["user", "set", "guest"]);
  const issued = await run(["token", "issue", "ann", "--lifetime", "2h", "--json"]);
  const { sessionId } = json(issued);
  const listed = json(await run(["token", "list", "ann", "--json"]));
  const revoked = await run(["token", "revoke", "ann", String(sessionId)]);
  const unknown = await run(["token", "revoke", "ann", String(sessionId)]);
  const users = json(await run(["user", "list", "--json"]));
  assert.deepEqual(
    {
      exitCodes: [added, guest, named, nothing, issued, revoked, unknown].map(({ exitCode }) => exitCode),
      users: users["users"],
      sessions: (listed["sessions"] as { sessionId: string }[]).map((session) => session.sessionId),
    },
    {
      exitCodes: [0, 0, 0, 2, 0, 0, 1],
      users: [
        { userId: "ann", name: "Ann", isSystem: false, pictureVersion: 0, title: "" },
        { userId: "guest", name: "Guest", isSystem: false, pictureVersion: 0, title: "Visitor" },
      ],
      sessions: [sessionId],
    },
  );
}

async function run(words: readonly string[], secret = ""): Promise<Outcome> {
  return runWords(words, { PARLEY_DATA: data }, secret);
}

async function withServer<T>(work: (server: RunningServer) => Promise<T>): Promise<T> {
  return withServerOn(data, work);
}

function json({ out }: Outcome): Record<string, unknown> {
  return JSON.parse(out[0]!) as Record<string, unknown>;
}

function installationOf(outcome: Outcome): string | undefined {
  const { findings } = json(outcome) as { findings: { check: string; state: string }[] };
  return findings.find(({ check }) => check === "installation")?.state;
}

async function statusOf(url: string, token: unknown): Promise<number> {
  const response = await fetch(`${url}/v1/sessions`, {
    headers: { authorization: `Bearer ${String(token)}` },
  });
  return response.status;
}

async function login(url: string, user: string, password: string): Promise<number> {
  const body = JSON.stringify({ user, password, device: "test" });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/login`, { method: "POST", headers, body });
  return response.status;
}
