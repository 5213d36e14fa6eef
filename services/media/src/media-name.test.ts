import assert from "node:assert/strict";
import { test } from "node:test";
import { MEDIA_NAME_BYTES_MAX } from "@parley/protocol";
import * as fc from "fast-check";
import { mediaName } from "./media-name.js";

test("a name is the last part of a path, without what nobody sees", () => {
  const names: readonly (readonly [string, string])[] = [
    ["photo.jpg", "photo.jpg"],
    ["Überweisung 3 – 合同.pdf", "Überweisung 3 – 合同.pdf"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\ann\\a.txt", "a.txt"],
    ["a/..", "file"],
    ["..", "file"],
    ["", "file"],
    [" \t\n", "file"],
    [".htaccess", "htaccess"],
    ["a\u0000b\r\nSet-Cookie: x.png", "abSet-Cookie: x.png"],
    ["photo\u202Egnp.exe", "photognp.exe"],
    ['a"b;c.txt', 'a"b;c.txt'],
  ];
  assert.deepEqual(
    names.map(([claim]) => mediaName(claim)),
    names.map(([, name]) => name),
  );
});

test("a long name is cut, and keeps its end", () => {
  const name = mediaName(`${"長".repeat(300)}.jpeg`);
  assert.deepEqual(
    [
      Buffer.byteLength(name) <= MEDIA_NAME_BYTES_MAX,
      Buffer.byteLength(name) > MEDIA_NAME_BYTES_MAX - 3,
      name.endsWith("長.jpeg"),
    ],
    [true, true, true],
  );
});

test("any text makes a name that is one", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (claim) => {
      const name = mediaName(claim);
      const isOne = name !== "" && !/[/\\\p{Cc}\p{Cs}]/u.test(name) && !name.startsWith(".");
      return isOne && Buffer.byteLength(name) <= MEDIA_NAME_BYTES_MAX && mediaName(name) === name;
    }),
  );
});
