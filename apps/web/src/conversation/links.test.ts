import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LINKS_MAX, splitLinks } from "./links.js";

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
