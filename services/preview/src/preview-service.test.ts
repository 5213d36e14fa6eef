import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { Failure, failureCode } from "@parley/base";
import { ManualTime, manualAmbient } from "@parley/base/testing";
import type { MessagesRequest, Session } from "@parley/contracts";
import type { LinkAnswer, LinkFetcher, LinkRequest } from "@parley/egress";
import {
  AS_SENT,
  type Body,
  type ConversationId,
  type Message,
  PREVIEW_PICTURE_BYTES_MAX,
  textBody,
} from "@parley/protocol";
import { MemoryTables, MemoryTableStore } from "@parley/tables";
import {
  FETCHES_MAX,
  FETCHES_WAITING_MAX,
  FOUND_MS,
  NOTHING_MS,
  PreviewService,
  USER_FETCHES_PER_MINUTE,
} from "./preview-service.js";

const GROUP = "g:team" as ConversationId;
const LINK = "https://example.com/a";
const PAGE = `<title>A page</title><meta name="description" content="About it">`;

test("a page is fetched once, and all who see the message see the same", async () => {
  const bench = new PreviewBench();
  const sequence = bench.say(`look: ${LINK}.`);
  const [first, together] = await Promise.all([bench.ask("ann", sequence), bench.ask("bob", sequence)]);
  const again = await bench.ask("cat", bench.say(`again ${LINK}`));

  const expected = {
    url: LINK,
    title: "A page",
    description: "About it",
    siteName: "",
    picture: new Uint8Array(0),
    pictureType: "",
  };
  deepEqual([first, together, again, bench.fetched], [expected, expected, expected, [LINK]]);
  deepEqual(bench.service.counts(), { known: 1, found: 1, failed: 0 });
});

test("nobody has a link fetched that no message shows to them", async () => {
  const bench = new PreviewBench();
  const recalled = bench.say(LINK);
  bench.messages.set(recalled, undefined);
  const hidden = bench.say(LINK);
  bench.messages.delete(hidden);
  const taken = bench.say({ ...textBody(LINK), hidesPreview: true });
  const none = [recalled, hidden, taken, bench.say("no link"), 99];

  deepEqual(
    [
      await Promise.all(none.map((sequence) => bench.ask("ann", sequence))),
      await codeOf(bench.ask("stranger", bench.say(LINK))),
      bench.fetched,
    ],
    [none.map(() => undefined), "not-a-member", []],
  );
});

test("what is recalled while its page is fetched has no preview any more", async () => {
  const bench = new PreviewBench();
  const sequence = bench.say(LINK);
  const release = bench.hold();
  const asked = bench.ask("ann", sequence);
  await bench.time.settle();
  bench.messages.set(sequence, undefined);
  release();

  deepEqual([await asked, bench.fetched], [undefined, [LINK]]);
});

test("what was found is kept for a week, and what was not for some minutes", async () => {
  const bench = new PreviewBench();
  const good = bench.say(LINK);
  const bad = bench.say("https://example.com/missing");
  const fetches = async (): Promise<number> => {
    await Promise.all([bench.ask("ann", good), bench.ask("ann", bad)]);
    return bench.fetched.length;
  };
  const counts = [await fetches()];
  for (const passedMs of [NOTHING_MS - 1, 1, FOUND_MS - NOTHING_MS - 1, 1]) {
    await bench.time.advance(passedMs);
    counts.push(await fetches());
  }

  deepEqual(counts, [2, 2, 3, 4, 5]);
});

test("tenants share nothing that was fetched", async () => {
  const bench = new PreviewBench();
  const sequence = bench.say(LINK);
  await bench.ask("ann", sequence, "one");
  await bench.ask("ann", sequence, "other");
  await bench.ask("ann", sequence, "one");

  deepEqual(bench.fetched, [LINK, LINK]);
});

test("for one user so many links are fetched in a minute; others and what is known do not suffer", async () => {
  const bench = new PreviewBench();
  const sequences = Array.from({ length: USER_FETCHES_PER_MINUTE + 1 }, (_, index) =>
    bench.say(`${LINK}${index}`),
  );
  const last = sequences.pop()!;
  for (const sequence of sequences) await bench.ask("ann", sequence);
  const refused = await codeOf(bench.ask("ann", last));
  const known = await bench.ask("ann", sequences[0]!);
  const other = await bench.ask("bob", bench.say(`${LINK}-of-bob`));
  await bench.time.advance(60_000);
  const later = await bench.ask("ann", last);

  deepEqual(
    [refused, known?.title, other?.title, later?.title],
    ["too-many-requests", "A page", "A page", "A page"],
  );
});

test("so many links are fetched at a time, some more wait, and the others are refused", async () => {
  const bench = new PreviewBench();
  const release = bench.hold();
  const count = FETCHES_MAX + FETCHES_WAITING_MAX + 1;
  const asked = Array.from({ length: count }, (_, index) =>
    bench.ask(`u${index}`, bench.say(`${LINK}${index}`)).then(
      () => "answered",
      (error: unknown) => failureCode(error),
    ),
  );
  await bench.time.settle();
  const running = bench.fetched.length;
  release();
  const outcomes = await Promise.all(asked);

  deepEqual(
    [running, outcomes.filter((outcome) => outcome === "answered").length, outcomes.at(-1)],
    [FETCHES_MAX, count - 1, "too-many-requests"],
  );
});

test("a picture is shown small or not at all, and only beside words or where it is what the link leads to", async () => {
  const bench = new PreviewBench();
  const withPicture = (of: string): string => `<title>T</title><meta property="og:image" content="${of}">`;
  bench.pages.set(`${LINK}/page`, withPicture("/small.png"));
  bench.pages.set(`${LINK}/large`, withPicture("/large.png"));
  bench.pages.set(`${LINK}/gone`, withPicture("/missing"));
  bench.pages.set(`${LINK}/none`, withPicture("/no-picture.png"));
  bench.pages.set(`${LINK}/endless`, withPicture("/cut.png"));
  bench.pages.set(`${LINK}/wordless`, `<meta property="og:image" content="/small.png">`);
  const show = async (link: string): Promise<unknown> => {
    const found = await bench.ask("ann", bench.say(link));
    return found && [found.title, found.picture.length, found.pictureType];
  };
  const names = ["page", "large", "gone", "none", "endless", "wordless"].map((name) => `${LINK}/${name}`);
  const direct = ["https://example.com/small.png", "https://example.com/no-picture.png"];

  deepEqual(await Promise.all([...names, ...direct].map(show)), [
    ["T", 10, "image/webp"],
    ["T", 0, ""],
    ["T", 0, ""],
    ["T", 0, ""],
    ["T", 0, ""],
    undefined,
    ["", 10, "image/webp"],
    undefined,
  ]);
});

test("a failure of ours is told to the operator, without the link; that of a page is not", async () => {
  const bench = new PreviewBench();
  await bench.ask("ann", bench.say("https://example.com/missing?token=secret"));
  const before = bench.logged.length;
  bench.pages.set(`${LINK}?token=secret`, `<title>T</title><meta property="og:image" content="/bug.png">`);
  const found = await bench.ask("ann", bench.say(`${LINK}?token=secret`));

  deepEqual(
    [before, found?.title, bench.logged.length, bench.logged.join().includes("secret")],
    [0, "T", 1, false],
  );
});

test("whoever asks of a service that stops is told to come again, and nothing is kept any more", async () => {
  const bench = new PreviewBench();
  const release = bench.hold();
  const asked = bench.ask("ann", bench.say(LINK));
  await bench.time.settle();
  const closing = bench.service.close();
  release();
  await Promise.all([closing, asked]);

  equal(await codeOf(bench.ask("ann", bench.say(LINK))), "unavailable");
});

class PreviewBench {
  readonly time = new ManualTime();
  readonly logged: string[] = [];
  /** By sequence; undefined: recalled. */
  readonly messages = new Map<number, Body | undefined>();
  /** Of links that are not the ordinary page. */
  readonly pages = new Map<string, string>();
  readonly fetched: string[] = [];
  readonly service: PreviewService;
  #held: Promise<void> = Promise.resolve();

  constructor() {
    const fetcher: LinkFetcher = { fetch: (request) => this.#fetch(request), close: async () => undefined };
    const log = (...said: readonly unknown[]): void => void this.logged.push(JSON.stringify(said));
    this.service = new PreviewService({
      ambient: manualAmbient(this.time, { info: log, warn: log, error: log }),
      messages: { messages: async (session, request) => this.#read(session, request) },
      tables: new MemoryTables(new MemoryTableStore(), this.time),
      fetcher,
      shrinkPicture: async (bytes) => {
        const text = Buffer.from(bytes).toString();
        if (text.includes("bug")) throw new TypeError("a bug");
        const length = text.includes("large") ? PREVIEW_PICTURE_BYTES_MAX + 1 : 10;
        return text.includes("no-picture")
          ? undefined
          : { bytes: new Uint8Array(length), type: "image/webp" };
      },
    });
  }

  say(body: string | Body): number {
    const sequence = this.messages.size + 1;
    this.messages.set(sequence, typeof body === "string" ? textBody(body) : body);
    return sequence;
  }

  ask(userId: string, sequence: number, tenantId = "main"): ReturnType<PreviewService["linkPreview"]> {
    const session = { userId, tenantId } as Session;
    return this.service.linkPreview(session, { conversationId: GROUP, sequence });
  }

  /** Holds fetches until the function is called that it gives. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => (release = resolve));
    return release;
  }

  #read(session: Session, { sequences }: MessagesRequest) {
    if ((session.userId as string) === "stranger") throw new Failure("not-a-member", "Not a member.");
    const messages = sequences.flatMap((sequence) =>
      this.messages.has(sequence)
        ? [{ ...AS_SENT, sequence, body: this.messages.get(sequence) } as Message]
        : [],
    );
    return { messages, answered: sequences.length };
  }

  async #fetch({ url, types }: LinkRequest): Promise<LinkAnswer> {
    const isPicture = url.endsWith(".png");
    if (!isPicture) this.fetched.push(url);
    await this.#held;
    const contentType = isPicture ? "image/png" : "text/html";
    if (url.includes("missing") || !types.some((type) => contentType.startsWith(type)))
      throw new Failure("network-failed", "Not there.");
    const bytes = Buffer.from(isPicture ? url : (this.pages.get(url) ?? PAGE));
    return { url, contentType, bytes, isCut: url.includes("cut") };
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return failureCode(error);
  }
}
