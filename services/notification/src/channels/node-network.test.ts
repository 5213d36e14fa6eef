import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime } from "@parley/base/testing";
import { openPushServer } from "../testing/push-server.js";
import { clockedAmbient } from "../testing/samples.js";
import { AddressGuard, isPublicAddress } from "./address-guard.js";
import { RESPONSE_BYTES_MAX } from "./network.js";
import { NodeNetwork } from "./node-network.js";

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

test("a name is resolved once, and one inner address among its addresses is too many", async (t) => {
  const server = await openPushServer(() => ({ status: 201 }));
  t.after(() => server.close());
  const answers = [
    [{ address: "127.0.0.1", family: 4 }],
    [
      { address: "127.0.0.1", family: 4 },
      { address: "10.0.0.1", family: 4 },
    ],
  ];
  let asked = 0;
  const network = new NodeNetwork({
    ambient: clockedAmbient(new ManualTime()),
    ca: server.ca,
    allowedAddresses: ["127.0.0.1"],
    resolve: () => Promise.resolve(answers[asked++]!),
  });
  t.after(() => network.close());
  const request = {
    url: server.origin,
    headers: { connection: "close" },
    body: Buffer.from("x"),
    isGuarded: true,
  };

  const first = await network.post(request);
  const second = await network.post(request).catch((error: unknown) => failureCode(error));

  assert.deepEqual(
    { status: first.status, second, asked, received: server.received.length },
    { status: 201, second: "address-refused", asked: 2, received: 1 },
  );
});

test("of a long answer only the beginning is read", async (t) => {
  const server = createServer((_, response) => {
    response.end("x".repeat(RESPONSE_BYTES_MAX * 3));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ambient = clockedAmbient(new ManualTime());
  const network = new NodeNetwork({ ambient, allowedAddresses: ["127.0.0.1"] });
  t.after(async () => {
    await network.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const url = `http://127.0.0.1:${port}/`;
  const { body } = await network.post({ url, headers: {}, body: Buffer.from("x"), isGuarded: true });

  assert.equal(body.length, RESPONSE_BYTES_MAX);
});

test("a server that never answers is given up", async (t) => {
  const time = new ManualTime();
  const ambient = { ...clockedAmbient(time), scheduler: time };
  let onAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => (onAsked = resolve));
  const server = createServer(() => onAsked());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const network = new NodeNetwork({ ambient, allowedAddresses: ["127.0.0.1"] });
  t.after(async () => {
    await network.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const url = `http://127.0.0.1:${port}/`;
  const answer = network.post({ url, headers: {}, body: Buffer.from("x"), isGuarded: true });
  const outcome = answer.catch((error: unknown) => failureCode(error));
  await asked;
  await time.advance(15_000);

  assert.equal(await outcome, "network-failed");
});

function codeOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return failureCode(error);
  }
}
