import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime } from "@parley/base/testing";
import { openPushServer } from "../testing/push-server.js";
import { clockedAmbient } from "../testing/samples.js";
import { RESPONSE_BYTES_MAX } from "./network.js";
import { NodeNetwork } from "./node-network.js";

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
