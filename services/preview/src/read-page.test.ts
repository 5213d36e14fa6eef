import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PREVIEW_DESCRIPTION_MAX, PREVIEW_TITLE_MAX } from "@parley/protocol";
import { pageText } from "./page-text.js";
import { readPage } from "./read-page.js";
import { said } from "./said.js";

const URL_OF_PAGE = "https://example.com/a/b";
const NOTHING = { title: "", description: "", siteName: "", pictureUrl: undefined };

test("the tags of Open Graph come before those that every page has", () => {
  const page = `<!doctype html><html prefix="og: https://ogp.me/ns#"><head><title>Page</title>
    <meta name="description" content="plain"><meta name="twitter:title" content="bird">
    <META PROPERTY="og:title" CONTENT="Tom &amp; Jerry&#39;s"><meta property="og:title" content="second">
    <meta property=og:description content='said'><meta property="og:site_name" content=" Example  News ">
    <meta property="og:image" content="../c.png?a=1&amp;b=2"></head><body>`;
  deepEqual(readPage(page, URL_OF_PAGE), {
    title: "Tom & Jerry's",
    description: "said",
    siteName: "Example News",
    pictureUrl: "https://example.com/c.png?a=1&b=2",
  });
});

test("a page without a head, without an end, or with a head in pieces is read as far as it goes", () => {
  const cases: readonly (readonly [string, Partial<typeof NOTHING>])[] = [
    ["<title>Only a title", { title: "Only a title" }],
    ["<title>One</title><title>Two</title>", { title: "One" }],
    ["<title></title><title>Two</title>", {}],
    ["<meta property=og:title content='  '><title>Plain</title>", { title: "Plain" }],
    ["<head><noscript><img src=x><meta property=og:title content=hidden></noscript><title>T", { title: "T" }],
    ["<head><script>document.write('<title>no</title>')</script><title>T</title>", { title: "T" }],
    ["<head><style></title></style><!-- <title>no</title> --><title>T</title>", { title: "T" }],
    ["<body><title>In the body</title>", {}],
    ["<p>words<title>no</title>", {}],
    ["<head></head><title>too late</title>", {}],
    ["<svg><title>a drawing</title></svg>", {}],
    ["plain words", {}],
    ["", {}],
    [`${"<title>a".padEnd(5_000, "b")}</title>`, { title: `a${"b".repeat(PREVIEW_TITLE_MAX - 2)}…` }],
    [`<!--${" ".repeat(10_000)}--><title>T`, { title: "T" }],
  ];
  for (const [page, facts] of cases)
    deepEqual(readPage(page, URL_OF_PAGE), { ...NOTHING, ...facts }, page.slice(0, 80));
});

test("a picture is of the web", () => {
  const pictures = [
    "data:image/png;base64,AA",
    "javascript:alert(1)",
    "file:///a",
    "http://[bad",
    "//cdn.example/x",
    "x",
  ];
  deepEqual(
    pictures.map((each) => readPage(`<meta property="og:image" content="${each}">`, URL_OF_PAGE).pictureUrl),
    [undefined, undefined, undefined, undefined, "https://cdn.example/x", "https://example.com/a/x"],
  );
});

test("what is said is one line, without characters that nobody sees or that turn others around", () => {
  deepEqual(
    [
      said("  a\n\t b\u00a0c ", 20),
      said("pay\u202eexe.gpj\u2066\u200f now\u0000\u001b[31m", 40),
      said("\u200b\ufeff\u2060", 40),
      said("👩‍👩‍👧 family", 40),
      said("𝒳".repeat(10), 4),
      said("\ud800 half", 40),
      said("abc", 3),
    ],
    ["a b c", "payexe.gpj now[31m", "", "👩‍👩‍👧 family", "𝒳𝒳𝒳…", "half", "abc"],
  );
});

test("whatever a page is made of, its reader answers in bounds and within reason", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "<title>",
      "</title>",
      "<head>",
      "</head>",
      "<meta property=og:title content='",
      '<meta name="description" content="',
      "'>",
      '">',
      "<noscript>",
      "</noscript>",
      "<![CDATA[",
      "<!--",
      "&#x202e;",
      "&#0;",
      "&amp",
      "<script>",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { title, description, pictureUrl } = readPage(pieces.join(""), URL_OF_PAGE);
      ok(Array.from(title).length <= PREVIEW_TITLE_MAX);
      ok(Array.from(description).length <= PREVIEW_DESCRIPTION_MAX);
      ok(!/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(title + description));
      ok(pictureUrl === undefined || /^https?:\/\//.test(pictureUrl));
    }),
  );
});

test("a page that is made to keep its reader busy is left", () => {
  const bytes = 512 * 1024;
  const deep = "<noscript>".repeat(bytes / 10);
  const closing = `<title>T</title><noscript>${"<b>".repeat(bytes / 6)}${"</x>".repeat(bytes / 8)}`;
  const metas = `<meta property="og:title" content="first">${'<meta property="og:title" content="x">'.repeat(bytes / 40)}`;
  const blank = `<meta property="og:title" content="${" ".repeat(bytes)}x">`;
  deepEqual(
    [deep, closing, metas, blank].map((page) => readPage(page, URL_OF_PAGE).title),
    ["", "T", "first", ""],
  );
});

test("a page is read in the characters that it is written in", () => {
  const gb = Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3);
  const latin = Uint8Array.of(0x63, 0x61, 0x66, 0xe9);
  const declaring = (label: string): Uint8Array =>
    Buffer.concat([
      Buffer.from(`<meta http-equiv="Content-Type" content="text/html; charset=${label}">`),
      gb,
    ]);
  const end = (text: string): string => text.slice(text.indexOf(">") + 1);
  deepEqual(
    [
      pageText(Buffer.from("你好"), "text/html"),
      pageText(gb, "text/html; charset=gbk"),
      pageText(gb, 'text/html;charset="gb18030"'),
      pageText(latin, "text/html; charset=iso-8859-1"),
      end(pageText(declaring("gb2312"), "text/html")),
      end(pageText(Buffer.concat([Buffer.from("<meta charset=GBK>"), gb]), "text/html")),
      pageText(Buffer.from("\ufeff你好"), "text/html; charset=latin1"),
      pageText(Buffer.from("\ufeffhi", "utf16le"), "text/html"),
      pageText(Buffer.from("ok"), "text/html; charset=of-nobody"),
    ],
    ["你好", "你好", "你好", "café", "你好", "你好", "你好", "hi", "ok"],
  );
  // Bytes that are no text are still no error.
  equal(pageText(Uint8Array.of(0xff), "text/html; charset=utf-8"), "\ufffd");
});
