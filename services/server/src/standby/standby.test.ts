/** A standby of a real server, over a real connection: it follows, is promoted, and nobody else may. */
import assert from "node:assert/strict";
import { chmod, cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { failureCode, messageOf } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { ClientMessageId, TenantId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import { parseConfig } from "../config.js";
import { openParley } from "../parley.js";
import { type RunningServer, startServer } from "../serve.js";
import { metricsOf, promote, type RunningStandby, startStandby } from "./run-standby.js";

const TENANT = "main" as TenantId;
const TOKEN = "a-secret-of-forty-characters-for-the-test";
const MESSAGES = 300;
const ambient = systemAmbient();
const onFatal = (error: unknown): void => {
  throw error;
};

interface Bench {
  readonly root: string;
  readonly tokenFile: string;
  readonly server: RunningServer;
  readonly standby: (directory?: string, tokenFile?: string) => Promise<RunningStandby>;
}

async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "parley-standby-"));
  const tokenFile = join(root, "token");
  await writeFile(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
  const listen = ["--standby-listen", "127.0.0.1:0", "--standby-token-file", tokenFile];
  const config = parseConfig(["--data", join(root, "data"), "--port", "0", "--demo", "off", ...listen], {});
  const server = await startServer(config, ambient, (error) => {
    throw error;
  });
  const standby = (directory = join(root, "standby"), file = tokenFile): Promise<RunningStandby> =>
    startStandby({
      from: `http://127.0.0.1:${server.standbyPort}`,
      tokenFile: file,
      directory,
      ambient,
      journalBytesMax: 1024 ** 3,
      listen: { host: "127.0.0.1", port: 0 },
    });
  try {
    await work({ root, tokenFile, server, standby });
  } finally {
    await server.close();
    await rm(root, { recursive: true });
  }
}

describe("a standby of a server", () => {
  test("follows, shows how far it is, and when promoted has what was acknowledged", async () => {
    await withBench(async ({ root, server, standby }) => {
      const { parley } = server;
      const users = ["ann", "bob"].map((name) => ({ userId: name as UserId, name }));
      await parley.accounts.addUsers(TENANT, users);
      const running = await standby();
      await until(() => running.status().state === "following");
      // Made after the base: it comes with the log of accounts.
      const { session } = await parley.accounts.issueToken({
        tenantId: TENANT,
        userId: "ann" as UserId,
        deviceName: "test",
      });
      const conversationId = await parley.message.createDirect(session, "bob" as UserId);
      await Promise.all(
        Array.from({ length: MESSAGES }, (_, index) =>
          parley.message.send(session, {
            conversationId,
            clientMessageId: `c${index + 1}` as ClientMessageId,
            number: index + 1,
            body: textBody(`message ${index + 1}`),
          }),
        ),
      );
      const isCurrent = (): boolean => {
        const [seen] = parley.standbys!.status;
        return seen?.behindBytes === 0 && running.status().behindBytes === 0 && seen.behindRecords === 0;
      };
      await until(isCurrent);
      const status = await get(running.statusPort, "/status");
      const metrics = await get(running.statusPort, "/metrics");
      assert.match(metrics, /^parley_standby_behind_records 0$/m);
      assert.equal((JSON.parse(status) as { canBePromoted: boolean }).canBePromoted, true);
      const directory = join(root, "standby");
      const promotedEarly = await promote(directory, ambient).catch(failureCode);
      const opened = await openParley({ dataDirectory: directory, ambient, onFatal }).catch(failureCode);
      running.stop();
      await running.ended;
      const openedToo = await openParley({ dataDirectory: directory, ambient, onFatal }).catch(failureCode);
      assert.deepEqual(
        [promotedEarly, opened, openedToo],
        ["data-directory-locked", "data-directory-unfinished", "data-directory-unfinished"],
      );

      await promote(directory, ambient);
      // The master key goes to no standby.
      await cp(join(root, "data/keys/master.key"), join(directory, "keys/master.key"));
      const promoted = await openParley({ dataDirectory: directory, ambient, onFatal });
      try {
        const page = { conversationId, before: 0, after: 0, atMs: 0, limit: 1, isForward: false };
        const { lastSequence } = await promoted.message.history(session, page);
        assert.deepEqual([lastSequence, promoted.epoch > parley.epoch], [MESSAGES, true]);
        assert.deepEqual(await promoted.accounts.listSessions(TENANT, session.userId), [
          ...(await parley.accounts.listSessions(TENANT, session.userId)),
        ]);
      } finally {
        await promoted.close();
      }
      assert.ok(!(await readdir(directory)).some((name) => /standby|copy|incoming/.test(name)));
    });
  });

  test("is refused without the token, and by a server that wants none", async () => {
    await withBench(async ({ root, server, standby }) => {
      const wrong = join(root, "wrong");
      await writeFile(wrong, "another-secret-of-forty-characters-or-so", { mode: 0o600 });
      const running = await standby(join(root, "other"), wrong);
      const refused = await running.ended.catch(failureCode);
      const calls = ["base?standby=x", "tail", "keys", "status", "nothing"];
      const answers: number[] = [];
      for (const call of calls) answers.push(await post(server.standbyPort, `/standby/v1/${call}`, ""));
      answers.push(await post(server.standbyPort, "/standby/v1/nothing", TOKEN));
      answers.push(await post(server.standbyPort, "/standby/v1/tail", TOKEN));
      // Not where everybody comes.
      answers.push(await post(Number(new URL(server.url).port), "/standby/v1/status", TOKEN));
      assert.deepEqual([refused, answers], ["standby-refused", [401, 401, 401, 401, 401, 409, 409, 404]]);
      assert.equal(server.parley.standbys!.status.length, 0);
    });
  });

  test("needs a token that others cannot read or guess", async () => {
    await withBench(async ({ root, tokenFile, standby }) => {
      await chmod(tokenFile, 0o644);
      const readable = await standby().then(() => "", messageOf);
      await chmod(tokenFile, 0o600);
      await writeFile(tokenFile, "short");
      const short = await standby().then(() => "", messageOf);
      const missing = await standby(undefined, join(root, "none")).catch(failureCode);
      assert.match(readable, /chmod 600/);
      assert.match(short, /32 characters/);
      assert.equal(missing, "bad-setting");
    });
  });
});

test("standbys are not let in by an incomplete setting", () => {
  const refusals = [
    ["--standby-listen", "127.0.0.1:1"],
    ["--standby-listen", "8701", "--standby-token-file", "t"],
    ["--standby-listen", "host:99999", "--standby-token-file", "t"],
    ["--standby-listen", "", "--standby-token-file", "t"],
  ];
  for (const args of refusals) {
    assert.throws(
      () => parseConfig(args, {}),
      (error) => failureCode(error) === "bad-setting",
      args.join(" "),
    );
  }
  const { standby } = parseConfig(["--standby-listen", "[::1]:8701", "--standby-token-file", "/t"], {});
  assert.deepEqual(
    [standby, parseConfig([], {}).standby],
    [{ host: "::1", port: 8701, tokenFile: "/t" }, undefined],
  );
});

test("metrics have a help, a type and a value each", () => {
  const text = metricsOf({
    state: "following",
    canBePromoted: true,
    segment: 3,
    position: 7,
    records: 9,
    behindBytes: 11,
    behindRecords: 2,
    behindSeconds: 1.5,
    basesFetched: 1,
    problem: "",
  });
  assert.equal(text.match(/^# HELP/gm)?.length, text.match(/^parley_standby_\w+ [\d.]+$/gm)?.length);
  assert.match(text, /^parley_standby_behind_seconds 1.5$/m);
});

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, path, host: "127.0.0.1" }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve(Buffer.concat(chunks).toString()));
    })
      .once("error", reject)
      .end();
  });
}

function post(port: number, path: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    request({ port, path, host: "127.0.0.1", method: "POST", headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    })
      .once("error", reject)
      .end("{}");
  });
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 20_000, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
