/**
 * Goal: files over the real server: uploaded in pieces, across a restart, sent, read by members and by nobody else, recalled, and
 * collected; and whatever is sent to the routes is refused as it is documented.
 *
 * Method: a server on a free port and HTTP by hand.
 */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { Session } from "@parley/contracts";
import {
  Body,
  type ClientMessageId,
  type ConversationId,
  MediaBody,
  type MediaId,
  type UserId,
  filled,
  textBody,
} from "@parley/protocol";
import sharp from "sharp";
import { parseConfig } from "../config.js";
import { DEFAULT_TENANT, type RunningServer, startServer } from "../serve.js";

const MIB = 1024 * 1024;
const PNG = await sharp({ create: { width: 1000, height: 500, channels: 3, background: "teal" } })
  .png()
  .toBuffer();
const MOVIE = Buffer.concat([
  Buffer.from("\0\0\0\u0018ftypisom\0\0\0\0isommp42", "latin1"),
  Buffer.alloc(2.5 * MIB, "a movie that is long "),
]);
const UNKNOWN = "f".repeat(32);
const WAIT_TURNS_MAX = 2_000;
/** As in the routes. */
const DOWNLOADS_MAX = 256;

interface User {
  readonly token: string;
  readonly session: Session;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly json: Record<string, unknown>;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

class World {
  readonly #directory: string;
  readonly #settings: readonly string[];
  server!: RunningServer;
  readonly users = new Map<string, User>();

  constructor(directory: string, settings: readonly string[]) {
    this.#directory = directory;
    this.#settings = settings;
  }

  get data(): string {
    return join(this.#directory, "data");
  }

  async start(): Promise<void> {
    const settings = ["--data", this.data, "--port", "0", "--demo", "off", ...this.#settings];
    this.server = await startServer(parseConfig(settings, {}), systemAmbient(), (error) => {
      throw error;
    });
  }

  async restart(): Promise<void> {
    await this.server.close();
    await this.start();
  }

  async addUsers(...names: readonly string[]): Promise<void> {
    const { accounts } = this.server.parley;
    for (const name of names) {
      const userId = name as UserId;
      await accounts.addUser({ tenantId: DEFAULT_TENANT, userId, name });
      const issued = await accounts.issueToken({ tenantId: DEFAULT_TENANT, userId, deviceName: "test" });
      this.users.set(name, issued);
    }
  }

  async group(...names: readonly string[]): Promise<ConversationId> {
    const [owner, ...others] = names.map((name) => this.users.get(name)!.session);
    return this.server.parley.message.createGroup(owner!, {
      name: names.join("+"),
      title: "Team",
      userIds: others.map(({ userId }) => userId),
      isHistoryOpen: false,
    });
  }

  async ask(name: string, path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
    const token = this.users.get(name)?.token;
    const answer = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isJson = /json/.test(answer.headers.get("content-type") ?? "");
    const json = isJson ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
    return { status: answer.status, headers: answer.headers, bytes, json };
  }

  post(name: string, path: string, body?: object): Promise<Answer> {
    const json =
      body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return this.ask(name, path, { method: "POST", ...json });
  }

  patch(name: string, id: string, offset: number | string, bytes: Uint8Array): Promise<Answer> {
    const headers = { "content-type": "application/octet-stream", "upload-offset": String(offset) };
    return this.ask(name, `/v1/media/${id}`, { method: "PATCH", headers, body: bytes });
  }

  async begin(name: string, size: number, more: object = {}): Promise<MediaId> {
    const answer = await this.post(name, "/v1/media", { size, name: "a.bin", ...more });
    assert.equal(answer.status, 201);
    return answer.json["mediaId"] as MediaId;
  }

  async upload(name: string, bytes: Uint8Array, more: object = {}): Promise<MediaId> {
    const id = await this.begin(name, bytes.length, more);
    assert.equal((await this.patch(name, id, 0, bytes)).status, 204);
    assert.equal((await this.post(name, `/v1/media/${id}/complete`)).status, 200);
    return id;
  }

  async send(
    name: string,
    conversationId: ConversationId,
    number: number,
    mediaId?: MediaId,
  ): Promise<number> {
    const body =
      mediaId === undefined ? textBody("hi") : filled(Body, { media: filled(MediaBody, { mediaId }) });
    const clientMessageId = `c${number}` as ClientMessageId;
    const { session } = this.users.get(name)!;
    const request = { conversationId, clientMessageId, number, body };
    return (await this.server.parley.message.send(session, request)).sequence;
  }

  pathOf(conversationId: ConversationId, sequence: number, mediaId: string): string {
    return `/v1/conversations/${encodeURIComponent(conversationId)}/messages/${sequence}/media/${mediaId}`;
  }

  async storedFiles(): Promise<readonly string[]> {
    const found = await readdir(join(this.data, "media"), { recursive: true });
    return found.filter((name) => name.endsWith(".main"));
  }
}

async function withServer(
  work: (world: World) => Promise<void>,
  settings: readonly string[] = [],
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "parley-media-"));
  const world = new World(directory, settings);
  await world.start();
  try {
    await world.addUsers("ann", "bob", "eve", "dan");
    await work(world);
  } finally {
    await world.server.close();
    await rm(directory, { recursive: true });
  }
}

/** Sends the beginning of an upload and then breaks the connection, once the server has stored so much of it. */
async function breakOff(world: World, id: MediaId, bytes: Uint8Array, storedBytes: number): Promise<void> {
  const { token } = world.users.get("ann")!;
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/octet-stream",
    "upload-offset": "0",
    "content-length": MOVIE.length,
  };
  const sending = httpRequest(`${world.server.url}/v1/media/${id}`, { method: "PATCH", headers });
  sending.on("error", () => undefined);
  sending.write(bytes);
  for (let turn = 0; turn < WAIT_TURNS_MAX; turn++) {
    const { headers: told } = await world.ask("ann", `/v1/media/${id}`, { method: "HEAD" });
    if (Number(told.get("upload-offset")) >= storedBytes) break;
  }
  sending.destroy();
}

/** Begins to read, and breaks the connection with the first bytes. */
function breakOffDownload(world: World, path: string): Promise<void> {
  const { token } = world.users.get("ann")!;
  return new Promise((resolve) => {
    const reading = httpRequest(`${world.server.url}${path}`, {
      agent: false,
      headers: { authorization: `Bearer ${token}` },
    });
    reading.on("error", () => resolve());
    reading.on("close", () => resolve());
    reading.on("response", (response) => {
      response.on("error", () => undefined);
      response.once("data", () => void reading.destroy());
    });
    reading.end();
  });
}

describe("files over HTTP", () => {
  it("an upload that breaks off goes on after a restart; it is sent, read by members, recalled, and collected", async () => {
    await withServer(async (world) => {
      const group = await world.group("ann", "bob");
      const id = await world.begin("ann", MOVIE.length, { name: "a/b/holiday.mp4", type: "video/mp4" });
      await breakOff(world, id, MOVIE.subarray(0, 1.5 * MIB), MIB);
      await world.restart();
      const told = await world.ask("ann", `/v1/media/${id}`, { method: "HEAD" });
      assert.deepEqual(
        [told.status, told.headers.get("upload-offset"), told.headers.get("upload-length")],
        [204, String(MIB), String(MOVIE.length)],
      );
      const early = await world.post("ann", `/v1/media/${id}/complete`);
      assert.deepEqual(
        [early.status, early.json["code"], early.headers.get("upload-offset")],
        [409, "upload-offset", String(MIB)],
      );
      const wrong = await world.patch("ann", id, 0, MOVIE);
      assert.deepEqual(
        [wrong.status, wrong.json["code"], wrong.headers.get("upload-offset")],
        [409, "upload-offset", String(MIB)],
      );
      const rest = await world.patch("ann", id, MIB, MOVIE.subarray(MIB));
      assert.deepEqual([rest.status, rest.headers.get("upload-offset")], [204, String(MOVIE.length)]);
      const done = await world.post("ann", `/v1/media/${id}/complete`);
      const info = {
        mediaId: id,
        kind: "video",
        name: "holiday.mp4",
        type: "video/mp4",
        bytes: MOVIE.length,
      };
      assert.deepEqual(done.json, { ...info, width: 0, height: 0, hasThumbnail: false });
      assert.deepEqual((await world.ask("ann", `/v1/media/${id}`)).bytes, MOVIE);

      const sequence = await world.send("ann", group, 1, id);
      const path = world.pathOf(group, sequence, id);
      const got = await world.ask("bob", path);
      assert.deepEqual(
        [
          "content-type",
          "content-disposition",
          "x-content-type-options",
          "content-security-policy",
          "cache-control",
        ].map((name) => got.headers.get(name)),
        [
          "video/mp4",
          "inline; filename=\"holiday.mp4\"; filename*=UTF-8''holiday.mp4",
          "nosniff",
          "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
          "private, no-cache",
        ],
      );
      assert.deepEqual([got.status, got.bytes.equals(MOVIE)], [200, true]);
      const part = await world.ask("bob", path, { headers: { range: "bytes=1000000-1100000" } });
      assert.deepEqual(
        [
          part.status,
          part.headers.get("content-range"),
          part.bytes.equals(MOVIE.subarray(1_000_000, 1_100_001)),
        ],
        [206, `bytes 1000000-1100000/${MOVIE.length}`, true],
      );
      const again = await world.ask("bob", path, { headers: { "if-none-match": got.headers.get("etag")! } });
      assert.deepEqual([again.status, again.bytes.length], [304, 0]);

      // From now on only the message says who may read it.
      const codes = [
        (await world.ask("ann", `/v1/media/${id}`)).json["code"],
        (await world.ask("eve", path)).json["code"],
        (await world.ask("nobody", path)).json["code"],
        (await world.ask("eve", `/v1/media/${id}`)).json["code"],
      ];
      assert.deepEqual(codes, ["media-unknown", "not-a-member", "session-invalid", "media-unknown"]);

      const { message, media } = world.server.parley;
      const { session } = world.users.get("ann")!;
      const { length } = await world.storedFiles();
      await media!.keeper.run({ isGentle: false });
      assert.deepEqual([length, (await world.storedFiles()).length], [3, 3]);
      await message.recall(session, { conversationId: group, sequence });
      const recalled = await world.ask("bob", path, {
        headers: { "if-none-match": got.headers.get("etag")! },
      });
      assert.deepEqual([recalled.status, recalled.json["code"]], [410, "message-recalled"]);
      const report = await media!.keeper.run({ isGentle: false });
      assert.deepEqual([report.unshown, await world.storedFiles()], [1, []]);
      // The row is gone with it, durably.
      await world.restart();
      assert.equal((await world.server.parley.media!.keeper.run({ isGentle: false })).files, 0);
    });
  });

  it("a picture has a thumbnail, for those who see it; a page is only ever saved", async () => {
    await withServer(async (world) => {
      const group = await world.group("ann", "bob");
      const picture = await world.upload("ann", PNG, { name: "図 1.png", type: "image/png" });
      const page = await world.upload("ann", Buffer.from("<script>alert(1)</script>"), {
        name: "a.html",
        type: "text/html",
      });
      const small = await world.ask("ann", `/v1/media/${picture}?thumbnail=1`);
      assert.deepEqual([small.status, small.headers.get("content-type")], [200, "image/webp"]);
      const sent = await world.send("ann", group, 1, picture);
      const saved = await world.send("ann", group, 2, page);
      const thumbnail = await world.ask("bob", `${world.pathOf(group, sent, picture)}?thumbnail=1`);
      const { format, width, height } = await sharp(thumbnail.bytes).metadata();
      assert.deepEqual([thumbnail.status, format, width, height], [200, "webp", 480, 240]);
      const named = await world.ask("bob", world.pathOf(group, sent, picture));
      assert.equal(
        named.headers.get("content-disposition"),
        "inline; filename=\"_ 1.png\"; filename*=UTF-8''%E5%9B%B3%201.png",
      );
      const html = await world.ask("bob", world.pathOf(group, saved, page));
      assert.deepEqual(
        [html.headers.get("content-type"), html.headers.get("content-disposition")?.slice(0, 10)],
        ["application/octet-stream", "attachment"],
      );
      const none = await world.ask("bob", `${world.pathOf(group, saved, page)}?thumbnail=1`);
      assert.deepEqual([none.status, none.json["code"]], [404, "not-found"]);
      const page1 = { conversationId: group, before: 0, after: 0, atMs: 0, limit: 10, isForward: false };
      const { messages } = await world.server.parley.message.history(world.users.get("bob")!.session, page1);
      const { media } = messages.find(({ sequence }) => sequence === sent)!.body!;
      const said = {
        mediaId: picture,
        kind: "image",
        name: "図 1.png",
        type: "image/png",
        bytes: PNG.length,
      };
      const rest = { width: 1000, height: 500, durationMs: 0, hasThumbnail: true, caption: "" };
      assert.deepEqual(media, { ...said, ...rest });
    });
  });

  it("what one does not see any more, or not yet, cannot be read", async () => {
    await withServer(async (world) => {
      const group = await world.group("ann", "bob");
      const { message } = world.server.parley;
      const ann = world.users.get("ann")!.session;
      const bob = world.users.get("bob")!.session;
      const id = await world.upload("ann", PNG, { type: "image/png" });
      const sequence = await world.send("ann", group, 1, id);
      const path = world.pathOf(group, sequence, id);
      const status = async (name: string): Promise<string> => {
        const { status: number, json } = await world.ask(name, path);
        return `${number} ${JSON.stringify(json["code"] ?? "")}`;
      };
      // The history is closed: who comes later sees what is sent from then on.
      await message.changeMembers(ann, {
        conversationId: group,
        userIds: ["eve" as UserId],
        isRemoval: false,
      });
      const late = await status("eve");
      await message.hide(bob, group, [sequence]);
      const hidden = await status("bob");
      await world.server.parley.keeping.trim(
        { tenantId: DEFAULT_TENANT, conversationId: group },
        sequence + 1,
      );
      const trimmed = await status("ann");
      await message.changeMembers(ann, {
        conversationId: group,
        userIds: ["bob" as UserId],
        isRemoval: true,
      });
      assert.deepEqual(
        [late, hidden, trimmed, await status("bob")],
        ['404 "message-unknown"', '404 "message-unknown"', '404 "message-unknown"', '403 "not-a-member"'],
      );
      // One who sees another message of the group cannot name this file there.
      const other = await world.upload("eve", PNG, { type: "image/png" });
      const own = await world.send("eve", group, 1, other);
      const { status: number } = await world.ask("eve", world.pathOf(group, own, id));
      assert.equal(number, 404);
      assert.equal((await world.server.parley.media!.keeper.run({ isGentle: false })).unshown, 1);
    });
  });

  it("a directed message shows its file to those whom it is for; one that is passed on shows it to those who see that", async () => {
    await withServer(async (world) => {
      const group = await world.group("ann", "bob", "eve");
      const other = await world.group("bob", "dan");
      const { message, media } = world.server.parley;
      const [ann, bob] = ["ann", "bob"].map((name) => world.users.get(name)!.session);
      const id = await world.upload("ann", PNG, { type: "image/png" });
      const body = filled(Body, { media: filled(MediaBody, { mediaId: id }) });
      const request = { conversationId: group, clientMessageId: "c1" as ClientMessageId, number: 1 };
      const audience = ["bob" as UserId];
      const { sequence } = await message.send(ann!, { ...request, body, audience });
      const status = async (name: string, path: string): Promise<number> =>
        (await world.ask(name, path)).status;
      const path = world.pathOf(group, sequence, id);
      const directed = [await status("ann", path), await status("bob", path), await status("eve", path)];
      const forward = { conversationId: group, sequences: [sequence], isMerged: true, title: "Look" };
      const passed = await message.send(bob!, {
        ...request,
        conversationId: other,
        body: undefined,
        forward,
      });
      const further = world.pathOf(other, passed.sequence, id);
      const read = [await status("dan", further), await status("eve", further), await status("dan", path)];
      // The first one goes: the file is kept by the other.
      await message.recall(ann!, { conversationId: group, sequence });
      assert.equal((await media!.keeper.run({ isGentle: false })).unshown, 0);
      read.push(await status("bob", path), await status("dan", further));
      await message.recall(bob!, { conversationId: other, sequence: passed.sequence });
      const { unshown } = await media!.keeper.run({ isGentle: false });
      assert.deepEqual([directed, read, unshown], [[200, 200, 404], [200, 403, 403, 410, 200], 1]);
    });
  });

  it("downloads that break off give their place back", async () => {
    await withServer(async (world) => {
      const id = await world.upload("ann", MOVIE, { type: "video/mp4" });
      for (let count = 0; count < DOWNLOADS_MAX + 5; count++)
        await breakOffDownload(world, `/v1/media/${id}`);
      let status = 0;
      // The server hears of the last ones a little later.
      for (let turn = 0; status !== 206 && turn < WAIT_TURNS_MAX; turn++) {
        ({ status } = await world.ask("ann", `/v1/media/${id}`, { headers: { range: "bytes=0-9" } }));
      }
      assert.equal(status, 206);
    });
  });

  it("whatever else is asked is refused, and changes nothing", async () => {
    await withServer(
      async (world) => {
        const group = await world.group("ann", "bob");
        const id = await world.upload("ann", PNG, { type: "image/png" });
        const sequence = await world.send("ann", group, 1, id);
        const open = await world.begin("ann", 2 * MIB);
        const created = async (body: unknown, name = "ann"): Promise<string> => {
          const { status, json } = await world.post(name, "/v1/media", body as object);
          return `${status} ${String(json["code"])}`;
        };
        const patched = async (
          name: string,
          of: string,
          offset: string,
          bytes: Uint8Array,
        ): Promise<string> => {
          const { status, json } = await world.patch(name, of, offset, bytes);
          return `${status} ${String(json["code"])}`;
        };
        const got = async (name: string, path: string, asked: Asked = {}): Promise<string> => {
          const { status, json } = await world.ask(name, path, asked);
          return `${status} ${String(json["code"])}`;
        };
        const one = Buffer.alloc(1);
        const path = world.pathOf(group, sequence, id);
        const offset0 = { "upload-offset": "0" };
        const answers: readonly (readonly [string, string])[] = [
          ["401 session-invalid", await created({ size: 1, name: "a" }, "nobody")],
          ["400 bad-request", await created({ name: "a" })],
          ["400 bad-request", await created({ size: 1 })],
          ["400 bad-request", await created({ size: 0, name: "a" })],
          ["400 bad-request", await created({ size: -1, name: "a" })],
          ["400 bad-request", await created({ size: 1.5, name: "a" })],
          ["400 bad-request", await created({ size: "1", name: "a" })],
          ["400 bad-request", await created({ size: 1e300, name: "a" })],
          ["400 bad-request", await created({ size: 1, name: 7 })],
          ["400 bad-request", await created({ size: 1, name: "a".repeat(5_000) })],
          ["400 bad-request", await created({ size: 1, name: "a", kind: "svg" })],
          ["413 media-too-large", await created({ size: 5 * MIB + 1, name: "a" })],
          ["429 too-many-requests", await created({ size: 5 * MIB, name: "a" })],
          ["401 session-invalid", await patched("nobody", open, "0", one)],
          ["404 media-unknown", await patched("bob", open, "0", one)],
          ["404 media-unknown", await patched("bob", id, "0", one)],
          ["404 media-unknown", await patched("ann", UNKNOWN, "0", one)],
          ["400 bad-request", await patched("ann", "..%2F..%2Fetc%2Fpasswd", "0", one)],
          ["400 bad-request", await patched("ann", "A".repeat(32), "0", one)],
          ["400 bad-request", await patched("ann", open, "", one)],
          ["400 bad-request", await patched("ann", open, "-1", one)],
          ["400 bad-request", await patched("ann", open, "1e3", one)],
          ["409 upload-offset", await patched("ann", open, "1", one)],
          ["409 upload-offset", await patched("ann", open, "9007199254740991", one)],
          ["409 upload-offset", await patched("ann", id, "0", one)],
          ["400 bad-request", await patched("ann", open, "0", Buffer.alloc(2 * MIB + 1))],
          [
            "415 bad-request",
            await got("ann", `/v1/media/${open}`, {
              method: "PATCH",
              headers: { "content-type": "text/html", ...offset0 },
              body: "x",
            }),
          ],
          [
            "400 bad-request",
            await got("ann", `/v1/media/${open}`, {
              method: "PATCH",
              headers: { "content-type": "application/json", ...offset0 },
              body: "{}",
            }),
          ],
          ["404 media-unknown", await got("bob", `/v1/media/${id}/complete`, { method: "POST" })],
          ["404 media-unknown", await got("bob", `/v1/media/${id}`, { method: "DELETE" })],
          ["400 bad-request", await got("ann", `/v1/media/${id}`, { method: "DELETE" })],
          ["404 media-unknown", await got("ann", `/v1/media/${open}`)],
          ["401 session-invalid", await got("nobody", path)],
          ["401 session-invalid", await got("nobody", `${path}?token=${world.users.get("ann")!.token}`)],
          ["403 not-a-member", await got("eve", path)],
          ["404 message-unknown", await got("ann", world.pathOf(group, 1_000, id))],
          ["404 media-unknown", await got("ann", world.pathOf(group, 1, id))],
          ["404 media-unknown", await got("ann", world.pathOf(group, sequence, UNKNOWN))],
          ["400 bad-request", await got("ann", world.pathOf(group, 0, id))],
          ["400 bad-request", await got("ann", world.pathOf("g:../x" as ConversationId, 1, id))],
          ["400 bad-request", await got("ann", `/v1/conversations/${group}/messages/1e3/media/${id}`)],
          ["416 bad-request", await got("ann", path, { headers: { range: "bytes=99999999-" } })],
        ];
        assert.deepEqual(
          answers.map(([, answer]) => answer),
          answers.map(([expected]) => expected),
        );
        const whole = await world.ask("ann", path);
        assert.deepEqual([whole.status, whole.bytes.equals(PNG)], [200, true]);
        // What fitted of the one that was too long is there, and the upload can still be completed.
        const head = await world.ask("ann", `/v1/media/${open}`, { method: "HEAD" });
        assert.equal(head.headers.get("upload-offset"), String(2 * MIB));
        assert.equal((await world.post("ann", `/v1/media/${open}/complete`)).json["kind"], "file");
      },
      ["--media-mb", "5", "--media-uploading-mb", "6"],
    );
  });

  it("a file that is not one's own, not complete or refused cannot be sent", async () => {
    await withServer(async (world) => {
      const group = await world.group("ann", "bob");
      const own = await world.upload("ann", PNG, { type: "image/png" });
      const open = await world.begin("ann", 10);
      const lie = await world.begin("ann", 30, { type: "image/png" });
      await world.patch("ann", lie, 0, Buffer.from("<html> this is not an image   "));
      const refused = await world.post("ann", `/v1/media/${lie}/complete`);
      assert.deepEqual([refused.status, refused.json["code"]], [415, "media-refused"]);
      const codes = [];
      for (const [name, id] of [
        ["bob", own],
        ["ann", open],
        ["ann", lie],
        ["ann", UNKNOWN as MediaId],
        ["ann", "../../etc/passwd" as MediaId],
      ] as const)
        codes.push(await world.send(name, group, 1, id).then(() => "sent", failureCode));
      const unknown = "media-unknown";
      assert.deepEqual(codes, [unknown, unknown, unknown, unknown, "bad-request"]);
      // Sent twice, it is kept by either message.
      const [first, second] = [
        await world.send("ann", group, 1, own),
        await world.send("ann", group, 2, own),
      ];
      const { message, media } = world.server.parley;
      await message.recall(world.users.get("ann")!.session, { conversationId: group, sequence: first });
      assert.equal((await media!.keeper.run({ isGentle: false })).unshown, 0);
      assert.equal((await world.ask("bob", world.pathOf(group, second, own))).status, 200);
    });
  });

  it("an installation without files has no such routes, and refuses to send them", async () => {
    await withServer(
      async (world) => {
        const group = await world.group("ann", "bob");
        const { status } = await world.post("ann", "/v1/media", { size: 1, name: "a" });
        const code = await world.send("ann", group, 1, UNKNOWN as MediaId).then(() => "sent", failureCode);
        assert.deepEqual([status, code], [404, "media-unknown"]);
      },
      ["--media-mb", "0"],
    );
  });
});
