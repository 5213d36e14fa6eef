/** docs/protocol says what the code says: every table and every number in it comes from here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { docNames, isDoc, readDoc, rowsOf, sectionOf } from "@parley/base/testing";
import type { Schema } from "../codec/schema.js";
import { Writer } from "../codec/writer.js";
import { UNREAD_RANGES_MAX } from "../conversation-entry.js";
import { afterDisconnect } from "../close-ranges.js";
import { DISCONNECT } from "../disconnect-codes.js";
import { ERROR_CODES } from "../error-meanings.js";
import { ANSWERS, type FrameName, FRAMES } from "../frames.js";
import { parseUserId } from "../ids.js";
import * as limits from "../limits.js";
import { PROTOCOL_VERSION } from "../version.js";
import { fromHex, toHex } from "./hex.js";
import { fieldsByNumber, frameKinds, wireSchemas } from "./wire-schemas.js";

const frames = readDoc("protocol/frames.md");
const documents = docNames("protocol").filter((name) => name.endsWith(".md"));
const payloads = new Set(frameKinds().map(({ schema }) => schema.name));

test("frames.md lists every frame, who gets it and what answers it", () => {
  const answers: Readonly<Partial<Record<FrameName, FrameName>>> = {
    hello: "welcome",
    ping: "pong",
    ...ANSWERS,
  };
  assert.deepEqual(
    rowsOf(sectionOf(frames, "All frames")),
    frameKinds().map(({ kind, name }) => [
      String(kind),
      `[${name}](#${name.toLowerCase()})`,
      kind < 64 ? "server" : "client",
      answers[name] ?? "",
    ]),
  );
});

test("frames.md describes every field of every message", () => {
  const typeOf = (field: ReturnType<typeof fieldsByNumber>[number]): string =>
    `${field.isRepeated ? "list of " : ""}${field.schema?.name ?? field.kind}`;
  const sections = wireSchemas().map((schema): [string, Schema<object>] => [headingOf(schema), schema]);
  const described = sections.map(([heading]) => [
    heading,
    rowsOf(sectionOf(frames, heading)).map(([number, name, type]) => [number, name, type]),
  ]);
  const expected = sections.map(([heading, schema]) => [
    heading,
    fieldsByNumber(schema).map((field) => [String(field.number), field.name, typeOf(field)]),
  ]);
  assert.deepEqual(described, expected);
});

test("frames.md has a section for every frame and message and for no other", () => {
  const parts = frames.slice(frames.indexOf("## Frames to the server"), frames.indexOf("## Ids"));
  const headings = [...parts.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
  const all = wireSchemas().map(headingOf);
  assert.deepEqual([headings.length, new Set(headings)], [all.length, new Set(all)]);
});

test("frames.md says what every field means", () => {
  const silent = wireSchemas().flatMap((schema) =>
    rowsOf(sectionOf(frames, headingOf(schema))).filter((row) => !/^.+[.…]$/.test(row[3] ?? "")),
  );
  assert.deepEqual(silent, []);
});

test("frames.md names only codes and limits that exist", () => {
  const codes = new Set(Object.keys(ERROR_CODES));
  const named = [...frames.matchAll(/Errors: ([^.]*)\./g)].flatMap((match) => match[1]!.split(/,\s*/));
  assert.deepEqual(
    [named.length > 10, named.filter((code) => !codes.has(code.replaceAll("`", "")))],
    [true, []],
  );
});

test("frames.md writes numbers as the codec does", () => {
  const rows = rowsOf(sectionOf(frames, "Numbers, fields, messages")).filter((row) => /^\d+$/.test(row[0]!));
  const written = rows.map(([number]) => {
    const writer = new Writer(16);
    writer.varint(Number(number));
    return [number, toHex(writer.take())];
  });
  assert.deepEqual(
    [rows.length, rows.map(([number, bytes]) => [number, toHex(fromHex(bytes!))])],
    [7, written],
  );
});

test("frames.md excludes from user ids what the code excludes", () => {
  const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
  const isRefused = (text: string): boolean => {
    try {
      parseUserId(text);
      return false;
    } catch (error) {
      return failureCode(error) === "bad-request";
    }
  };
  const stated = /\| user +\| .* other than `(.*?)` +\|/.exec(frames)?.[1]?.split(" ") ?? [];
  assert.deepEqual(new Set(stated), new Set(visible.filter(isRefused)));
});

test("errors.md lists every code, whether to try again, and what it means", () => {
  assert.deepEqual(
    rowsOf(sectionOf(readDoc("protocol/errors.md"), "Codes")),
    Object.entries(ERROR_CODES).map(([code, { retry, meaning }]) => [code, retry, meaning]),
  );
});

test("errors.md explains every policy", () => {
  const policies = rowsOf(sectionOf(readDoc("protocol/errors.md"), "Retry")).map(([policy]) => policy);
  const used = new Set<string>(Object.values(ERROR_CODES).map(({ retry }) => retry));
  assert.deepEqual(new Set(policies), used);
});

test("disconnects.md lists every close code and what to do after it", () => {
  const rows = rowsOf(sectionOf(readDoc("protocol/disconnects.md"), "Close codes"));
  assert.deepEqual(
    rows.filter(([code]) => /^\d+$/.test(code!)),
    Object.entries(DISCONNECT).map(([name, { code, meaning }]) => [
      String(code),
      name,
      afterDisconnect(code),
      meaning,
    ]),
  );
});

test("disconnects.md says of every range what the code does", () => {
  const ranges = rowsOf(sectionOf(readDoc("protocol/disconnects.md"), "Close codes"))
    .map(([range, after]) => [...range!.split("–").map(Number), after] as const)
    .filter(([, last]) => typeof last === "number");
  const stated = ranges.flatMap(([first, last, after]) => [first, last].map((code) => [code, after]));
  const bounds = ranges.flatMap(([first, last]) => [first, last]);
  assert.deepEqual(
    [bounds, stated],
    [
      [1000, 3999, 4000, 4499, 4500, 4899, 4900, 4999],
      bounds.map((code) => [code, afterDisconnect(code as number)]),
    ],
  );
});

test("limits.md lists every limit with its number", () => {
  const listed = rowsOf(readDoc("protocol/limits.md")).map(([name, value]) => [name, Number(value)]);
  const exported = Object.entries({ ...limits, UNREAD_RANGES_MAX });
  const byName = (one: readonly unknown[], other: readonly unknown[]): number =>
    String(one[0]) < String(other[0]) ? -1 : 1;
  assert.deepEqual(listed.toSorted(byName), exported.toSorted(byName));
});

test("limits that documents name exist", () => {
  const known = new Set(Object.keys({ ...limits, UNREAD_RANGES_MAX }));
  const unknown = documents.flatMap((name) =>
    [...readDoc(`protocol/${name}`).matchAll(/\b[A-Z]+(?:_[A-Z]+)*_MAX\b/g)]
      .filter(([limit]) => !known.has(limit))
      .map(([limit]) => `${name}: ${limit}`),
  );
  assert.deepEqual(unknown, []);
});

test("README.md leads to every document, and names the version", () => {
  const readme = readDoc("protocol/README.md");
  const missing = docNames("protocol").filter(
    (name) => name !== "README.md" && !readme.includes(`](${name})`),
  );
  assert.deepEqual([missing, /Version (\d+)\./.exec(readme)?.[1]], [[], String(PROTOCOL_VERSION)]);
});

test("README.md and ARCHITECTURE.md of the repository lead here", () => {
  const link = "](docs/protocol/README.md)";
  assert.deepEqual(
    ["README.md", "ARCHITECTURE.md"].filter((name) => !readDoc(`../${name}`).includes(link)),
    [],
  );
});

test("links of documents lead somewhere", () => {
  const dead = documents.flatMap((name) => {
    const links = [...readDoc(`protocol/${name}`).matchAll(/\]\((?!https?:)([^)]*)\)/g)].map(
      (match) => match[1]!,
    );
    return links.filter((link) => !isAlive(name, link)).map((link) => `${name}: ${link}`);
  });
  assert.deepEqual(dead, []);
});

/** A frame's section has the frame's name, another message's its own. */
function headingOf(schema: Schema<object>): string {
  if (!payloads.has(schema.name)) return schema.name;
  return Object.entries(FRAMES).find(([, frame]) => frame.schema === (schema as unknown))![0];
}

function isAlive(from: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const name = path === "" ? from : path;
  if (!isDoc(`protocol/${name}`)) return false;
  if (anchor === undefined) return true;
  const headings = [...readDoc(`protocol/${name}`).matchAll(/^#+ (.*)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, "")
      .replaceAll(" ", "-"),
  );
  return headings.includes(anchor);
}
