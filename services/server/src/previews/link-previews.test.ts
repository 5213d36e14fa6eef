/** Previews of links on a whole server: the page is on this machine, which the operator allows. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { Session } from "@parley/contracts";
import { type Body, type ClientMessageId, textBody, type UserId } from "@parley/protocol";
import sharp from "sharp";
import { parseConfig } from "../config.js";
import { DEFAULT_TENANT, type RunningServer, startServer } from "../serve.js";

const PNG = await sharp({ create: { width: 900, height: 600, channels: 3, background: "teal" } })
  .png()
  .toBuffer();

test("a link shows what it leads to, with a picture that the server made, until its author takes that away", async (t) => {
  const site = await openSite(t);
  const { server, ann, bob } = await start(t, ["--link-preview-allow", "127.0.0.1"]);
  const { message, previews } = server.parley;
  const conversationId = await message.createDirect(ann, bob.userId);
  const say = sender(server, ann, conversationId);
  const sequence = await say(textBody(`look at ${site.origin}/page`));
  const at = { conversationId, sequence };

  const found = await previews!.linkPreview(bob, at);
  const picture = await sharp(found!.picture).metadata();
  await message.edit(ann, {
    ...at,
    body: { ...textBody(`look at ${site.origin}/page`), hidesPreview: true },
  });
  const [shown] = (await message.messages(bob, { conversationId, sequences: [sequence] })).messages;

  assert.deepEqual(
    {
      ...found,
      picture: [picture.format, picture.width, picture.height],
      taken: await previews!.linkPreview(bob, at),
      hidesPreview: shown!.body!.hidesPreview,
      asked: site.asked,
    },
    {
      url: `${site.origin}/page`,
      title: "A page",
      description: "",
      siteName: "",
      picture: ["webp", 160, 107],
      pictureType: "image/webp",
      taken: undefined,
      hidesPreview: true,
      asked: ["/page Parley link preview", "/p.png Parley link preview"],
    },
  );
});

test("who is not in the conversation learns nothing, and has nothing fetched", async (t) => {
  const site = await openSite(t);
  const { server, ann, bob, cat } = await start(t, ["--link-preview-allow", "127.0.0.1"]);
  const conversationId = await server.parley.message.createDirect(ann, bob.userId);
  const sequence = await sender(server, ann, conversationId)(textBody(`${site.origin}/page`));
  const asked = server.parley.previews!.linkPreview(cat, { conversationId, sequence });

  assert.deepEqual([await codeOf(asked), site.asked], ["not-a-member", []]);
});

test("this machine is not asked unless the operator allows it, and without the setting nothing is", async (t) => {
  const site = await openSite(t);
  const { server, ann, bob } = await start(t, []);
  const conversationId = await server.parley.message.createDirect(ann, bob.userId);
  const sequence = await sender(server, ann, conversationId)(textBody(`${site.origin}/page`));
  const found = await server.parley.previews!.linkPreview(bob, { conversationId, sequence });
  const without = await start(t, ["--link-previews", "off"]);

  assert.deepEqual([found, site.asked, without.server.parley.previews], [undefined, [], undefined]);
});

interface Site {
  readonly origin: string;
  /** Path and user agent of each request. */
  readonly asked: readonly string[];
}

async function openSite(t: TestContext): Promise<Site> {
  const asked: string[] = [];
  const server = createServer(({ url, headers }, response) => {
    asked.push(`${url} ${headers["user-agent"]}`);
    if (url === "/p.png") response.writeHead(200, { "content-type": "image/png" }).end(PNG);
    else
      response
        .writeHead(200, { "content-type": "text/html" })
        .end(`<title>A page</title><meta property="og:image" content="/p.png">`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

interface Scene {
  readonly server: RunningServer;
  readonly ann: Session;
  readonly bob: Session;
  readonly cat: Session;
}

async function start(t: TestContext, more: readonly string[]): Promise<Scene> {
  const data = await mkdtemp(join(tmpdir(), "parley-previews-"));
  const args = ["--data", data, "--port", "0", "--demo", "off", ...more];
  const server = await startServer(parseConfig(args, {}), systemAmbient(), (error) => {
    throw error;
  });
  t.after(async () => {
    await server.close();
    await rm(data, { recursive: true, force: true });
  });
  const { accounts } = server.parley;
  const enrol = async (name: string): Promise<Session> => {
    const user = { tenantId: DEFAULT_TENANT, userId: name as UserId };
    await accounts.addUser({ ...user, name });
    return (await accounts.issueToken({ ...user, deviceName: "test" })).session;
  };
  return { server, ann: await enrol("ann"), bob: await enrol("bob"), cat: await enrol("cat") };
}

function sender(
  { parley }: RunningServer,
  session: Session,
  conversationId: Awaited<ReturnType<RunningServer["parley"]["message"]["createDirect"]>>,
): (body: Body) => Promise<number> {
  let number = 0;
  return async (body) => {
    number += 1;
    const clientMessageId = `c${number}` as ClientMessageId;
    return (await parley.message.send(session, { conversationId, clientMessageId, number, body })).sequence;
  };
}

function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => failureCode(error),
  );
}
