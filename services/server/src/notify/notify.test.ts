/** Notifications of a whole server: people who are away are told over a hook, whatever becomes of the process. */
import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { PushTarget, Session } from "@parley/contracts";
import { Body, type ClientMessageId, filled, type TenantId, textBody, type UserId } from "@parley/protocol";
import { parseConfig } from "../config.js";
import { openParley, type Parley } from "../parley.js";
import { type RunningServer, startServer } from "../serve.js";
import { PushCredentialsFile } from "./push-credentials-file.js";
import type { PushOptions } from "./wire-notify.js";

const TENANT = "main" as TenantId;
const SECRET = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
const WAIT_MS = 30_000;
const TARGET: PushTarget = {
  channel: "hook",
  appId: "own",
  token: "t1",
  endpoint: "",
  publicKey: new Uint8Array(0),
  authSecret: new Uint8Array(0),
};

test("who is away is told over the hook, by settings that are read again when they change", async (t) => {
  const directory = await temporary(t);
  const hook = await openHook(t);
  const credentials = join(directory, "push.json");
  const write = (preview: string): Promise<void> => {
    const apps = { own: { hook: { url: `${hook.origin}/h`, secrets: [SECRET] } } };
    return writeFile(credentials, JSON.stringify({ tenants: { main: { preview, apps } } }), { mode: 0o600 });
  };
  await write("full");
  const server = await start(join(directory, "data"), ["--push-credentials", credentials], t);
  const { ann, bob } = await people(server.parley);
  await server.parley.notify.setPushTarget(ann, TARGET);

  await say(server.parley, bob, 1, "hello");
  const [first] = await hook.calls(1);
  const { publicKey } = (await (await fetch(`${server.url}/v1/push`)).json()) as { publicKey: string };

  assert.deepEqual(
    {
      title: first!["title"],
      text: first!["text"],
      badge: first!["badge"],
      token: first!["token"],
      keyBytes: Buffer.from(publicKey, "base64url").length,
      counts: server.parley.notifications!.counts().delivered,
    },
    { title: "Bob", text: "hello", badge: "1", token: "t1", keyBytes: 65, counts: 1 },
  );
});

test("the key that browsers are bound to is the same after a restart", async (t) => {
  const directory = await temporary(t);
  const keys = [];
  for (const _ of [1, 2]) {
    const parley = await openParley(
      options(directory, { deliver: () => async () => ({ kind: "delivered" }) }),
    );
    keys.push(parley.pushPublicKey);
    await parley.close();
  }

  assert.deepEqual([typeof keys[0], keys[0] === keys[1]], ["string", true]);
});

test("a process that ends before it has told anybody tells them after the next start", async (t) => {
  const directory = await temporary(t);
  const [before, after] = [join(directory, "before"), join(directory, "after")];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const never: PushOptions["deliver"] = () => () => held.then(() => ({ kind: "failed", reason: "held" }));
  const first = await openParley({ ...options(before, { deliver: never }), holdMs: 600_000 });
  const { ann, bob } = await people(first);
  await first.notify.setPushTarget(ann, TARGET);
  await say(first, bob, 1, "hello");
  await cp(before, after, { recursive: true });
  release();
  await first.close();

  let onTold = (_text: string): void => undefined;
  const told = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Nobody was told.")), WAIT_MS);
    onTold = (text) => {
      clearTimeout(timer);
      resolve(text);
    };
  });
  const deliver: PushOptions["deliver"] = () => async (_user, _target, notification) => {
    onTold(notification.text);
    return { kind: "delivered" };
  };
  const second = await openParley(options(after, { deliver }));
  t.after(() => second.close());

  assert.equal(await told, "hello");
});

test("who is mentioned in a large group is told, also by the process after one that ends before it has", async (t) => {
  const directory = await temporary(t);
  const [before, after] = [join(directory, "before"), join(directory, "after")];
  const sent: string[] = [];
  const first = await openParley({
    ...options(before, { deliver: () => async () => ({ kind: "retry", afterMs: WAIT_MS, reason: "held" }) }),
    holdMs: 600_000,
    sharedFromMembers: 1,
  });
  const { ann, bob } = await people(first);
  await first.notify.setPushTarget(ann, TARGET);
  const conversationId = await first.message.createGroup(bob, {
    name: "all",
    title: "Everybody",
    userIds: [ann.userId],
    isHistoryOpen: true,
  });
  const mentions = { userIds: [ann.userId], isAll: false };
  const bodies = [textBody("hello"), filled(Body, { text: { text: "@Ann" }, mentions }), textBody("bye")];
  for (const [index, body] of bodies.entries()) {
    const number = index + 1;
    const clientMessageId = `c${number}` as ClientMessageId;
    await first.message.send(bob, { conversationId, clientMessageId, number, body });
  }
  await cp(before, after, { recursive: true });
  await first.close();

  const isTold = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Nobody was told.")), WAIT_MS);
    t.after(() => clearTimeout(timer));
    const deliver: PushOptions["deliver"] =
      () =>
      async (_user, _target, { title, text, badge }) => {
        sent.push(`${title}: ${text} (${badge})`);
        resolve();
        return { kind: "delivered" };
      };
    void openParley({ ...options(after, { deliver }), sharedFromMembers: 1 }).then((second) =>
      t.after(() => second.close()),
    );
  });
  await isTold;

  assert.deepEqual(sent, ["Everybody: Bob: @Ann (1)"]);
});

test("credentials are read again when they change; of what is wrong with them the old ones stay", async (t) => {
  const directory = await temporary(t);
  const path = join(directory, "push.json");
  const write = (text: string): Promise<void> => writeFile(path, text, { mode: 0o600 });
  await write('{"tenants":{"main":{"preview":"none"}}}');
  const file = await PushCredentialsFile.open(path);

  await write('{"tenants":{"main":{"preview":"sender"},"other":{}}}');
  const isNew = await file.reload();
  const again = await file.reload();
  await write('{"tenants":{"main":{"preview":"loud"}}} ');
  const wrong = await codeOf(file.reload());

  assert.deepEqual(
    { isNew, again, wrong, previews: [...file.credentials.values()].map(({ preview }) => preview) },
    { isNew: true, again: false, wrong: "bad-setting", previews: ["sender", "full"] },
  );
});

test("credentials that others may read, and settings that are none, are refused", async (t) => {
  const directory = await temporary(t);
  const path = join(directory, "push.json");
  await writeFile(path, "{}", { mode: 0o644 });
  const config = (...args: readonly string[]): string | undefined => {
    try {
      parseConfig(args, {});
      return undefined;
    } catch (error) {
      return failureCode(error);
    }
  };

  assert.deepEqual(
    [
      await codeOf(PushCredentialsFile.open(path)),
      await codeOf(PushCredentialsFile.open(join(directory, "none.json"))),
      config("--push-allow", "10.0.0.0/8,::1"),
      config("--push-allow", "10.0.0.0/33"),
      config("--push-allow", "example.org"),
      config("--push-subject", "mailto:ops@example.org"),
      config("--push-subject", "ops"),
    ],
    ["bad-setting", "bad-setting", undefined, "bad-setting", "bad-setting", undefined, "bad-setting"],
  );
});

async function start(data: string, more: readonly string[], t: TestContext): Promise<RunningServer> {
  const args = ["--data", data, "--port", "0", "--demo", "off", "--push-allow", "127.0.0.0/8", ...more];
  const server = await startServer(parseConfig(args, {}), systemAmbient(), (error) => {
    throw error;
  });
  t.after(() => server.close());
  return server;
}

function options(
  dataDirectory: string,
  push: Pick<PushOptions, "deliver">,
): Parameters<typeof openParley>[0] {
  return {
    dataDirectory,
    ambient: systemAmbient(),
    onFatal: (error) => {
      throw error;
    },
    push: { subject: "", tenantPush: () => undefined, confirmMs: 1, ...push },
  };
}

async function people(parley: Parley): Promise<{ readonly ann: Session; readonly bob: Session }> {
  await parley.accounts.addUsers(TENANT, [
    { userId: "ann" as UserId, name: "Ann" },
    { userId: "bob" as UserId, name: "Bob" },
  ]);
  const [ann, bob] = await Promise.all(
    ["ann", "bob"].map(async (name) => {
      const of = { tenantId: TENANT, userId: name as UserId, deviceName: "test" };
      return (await parley.accounts.issueToken(of)).session;
    }),
  );
  await parley.message.createDirect(bob!, ann!.userId);
  return { ann: ann!, bob: bob! };
}

async function say(parley: Parley, sender: Session, number: number, text: string): Promise<void> {
  const conversationId = await parley.message.createDirect(sender, "ann" as UserId);
  const clientMessageId = `c${number}` as ClientMessageId;
  await parley.message.send(sender, { conversationId, clientMessageId, number, body: textBody(text) });
}

/** A hook on the loopback; `calls` waits until there were so many. */
async function openHook(t: TestContext): Promise<{
  readonly origin: string;
  calls(count: number): Promise<readonly Readonly<Record<string, unknown>>[]>;
}> {
  const received: Record<string, unknown>[] = [];
  let onReceived = (): void => undefined;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => void parts.push(part));
    request.on("end", () => {
      const { data } = JSON.parse(Buffer.concat(parts).toString()) as { data: Record<string, unknown> };
      received.push(data);
      response.writeHead(204).end();
      onReceived();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async calls(count) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${received.length} calls came`)), WAIT_MS);
        onReceived = () => {
          if (received.length < count) return;
          clearTimeout(timer);
          resolve();
        };
        onReceived();
      });
      return received;
    },
  };
}

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "parley-notify-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => failureCode(error),
  );
}
