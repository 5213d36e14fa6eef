import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filled } from "./codec/schema.js";
import { LINK_BYTES_MAX } from "./limits.js";
import { LINKS_MAX, previewedLink, splitLinks } from "./links.js";
import { MediaBody } from "./media.js";
import { Body, textBody } from "./model.js";
import { RichBlock, RichSpan } from "./rich-text.js";

const CASES: readonly (readonly [text: string, ...hrefs: string[]])[] = [
  ["no address at all"],
  ["see https://example.com/a?b=c#d now", "https://example.com/a?b=c#d"],
  ["(https://example.com/a).", "https://example.com/a"],
  ["https://en.wikipedia.org/wiki/A_(b), and more", "https://en.wikipedia.org/wiki/A_(b)"],
  ["请看https://example.com/路径。谢谢", "https://example.com/%E8%B7%AF%E5%BE%84"],
  ["http://a.example https://b.example", "http://a.example/", "https://b.example/"],
  ["HTTPS://EXAMPLE.COM", "https://example.com/"],
  ["javascript:alert(1) data:text/html,x vbscript:x file:///etc/passwd ftp://x"],
  ["https:// https://: http://[bad"],
  ['<a href="https://example.com/x">', "https://example.com/x"],
];

for (const [text, ...hrefs] of CASES) {
  test(`addresses in: ${text}`, () => {
    const found = splitLinks(text).flatMap(({ href }) => href ?? []);
    deepEqual(found, hrefs);
  });
}

test("the parts are the text again, and every address is http or https", () => {
  const piece = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("https://", "http://a.b/", "javascript:", "(", ")", ".", "。", " ", "\n"),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join("");
      const parts = splitLinks(text);
      deepEqual(parts.map((part) => part.text).join(""), text);
      deepEqual(
        parts.every(({ href }) => href === undefined || /^https?:\/\//u.test(href)),
        true,
      );
    }),
  );
});

test("a text full of addresses makes a bounded number of links", () => {
  const text = "https://a.example ".repeat(1_000);
  const parts = splitLinks(text);
  const linkCount = parts.filter(({ href }) => href !== undefined).length;
  deepEqual([linkCount, parts.map((part) => part.text).join("") === text], [LINKS_MAX, true]);
});

test("the first link of a text or a rich text is the previewed one, unless its author hides it", () => {
  const spans: Partial<RichSpan>[] = [
    { text: "to ann", link: "mailto:ann@example.com" },
    { text: "https://not-a-link.example" },
    { text: "there", link: "https://first.example" },
    { text: "here", link: "https://second.example" },
  ];
  const rich = filled(Body, {
    rich: {
      blocks: [
        filled(RichBlock, { kind: "rule" }),
        filled(RichBlock, { kind: "paragraph", spans: spans.map((span) => filled(RichSpan, span)) }),
      ],
    },
  });
  deepEqual(
    [
      textBody("see https://a.example and https://b.example"),
      textBody("no link"),
      textBody("https:// then http://c.example/x)."),
      rich,
      { ...rich, hidesPreview: true },
      { ...textBody("https://a.example"), hidesPreview: true },
      filled(Body, { media: filled(MediaBody, { caption: "https://a.example" }) }),
      textBody(`https://a.example/${"a".repeat(LINK_BYTES_MAX)} https://b.example`),
      undefined,
    ].map(previewedLink),
    [
      "https://a.example/",
      undefined,
      "http://c.example/x",
      "https://first.example/",
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ],
  );
});
