import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { AddressGuard, isPublicAddress } from "./address-guard.js";

const NOT_PUBLIC = [
  "0.0.0.0",
  "10.0.0.1",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.255",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "64:ff9b::a00:1",
  "fc00::1",
  "fe80::1",
  "ff02::1",
  "2001:db8::1",
  "2002:7f00:1::",
  "localhost",
];
const PUBLIC = ["1.1.1.1", "172.15.0.1", "172.32.0.1", "192.167.0.1", "2606:4700::1111"];

test("only the public internet is public", () => {
  assert.deepEqual(
    [NOT_PUBLIC.filter(isPublicAddress), PUBLIC.filter((address) => !isPublicAddress(address))],
    [[], []],
  );
});

test("a URL may name no inner address in any spelling, no user and no other scheme", () => {
  const guard = new AddressGuard(() => Promise.resolve([]), ["10.1.0.0/16"]);
  const refused = [
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::1]/",
    "https://[::ffff:7f00:1]/",
    "https://user@example.org/",
    "http://example.org/",
    "http://1.1.1.1/",
    "ftp://example.org/",
    "example.org",
  ];
  const allowed = ["https://example.org/push", "https://1.1.1.1/", "https://10.1.2.3/", "http://10.1.2.3/"];

  assert.deepEqual(
    [
      refused.map((url) => codeOf(() => guard.checkUrl(url))),
      allowed.map((url) => codeOf(() => guard.checkUrl(url))),
    ],
    [refused.map(() => "address-refused"), allowed.map(() => undefined)],
  );
});

function codeOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return failureCode(error);
  }
}
