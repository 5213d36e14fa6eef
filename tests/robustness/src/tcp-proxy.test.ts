import { deepEqual } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { type Cut, TcpProxy } from "./tcp-proxy.js";
import { pause, until } from "./wait.js";

interface Rig {
  readonly proxy: TcpProxy;
  readonly device: Socket;
  /** What each side has heard. */
  readonly heard: { device: string; server: string };
  /** Whether each side was told that the connection ended. */
  readonly isOver: { device: boolean; server: boolean };
}

/** A device that is connected through the proxy to a server that answers "<text>". */
async function rig(t: TestContext): Promise<Rig> {
  const heard = { device: "", server: "" };
  const isOver = { device: false, server: false };
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("close", () => (isOver.server = true));
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard.server += text;
      socket.write(`<${text}>`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await TcpProxy.start((server.address() as AddressInfo).port);
  const device = connect(proxy.port, "127.0.0.1");
  device.on("error", () => undefined);
  device.on("close", () => (isOver.device = true));
  device.setEncoding("utf8").on("data", (text: string) => (heard.device += text));
  t.after(async () => {
    device.destroy();
    await proxy.close();
    server.close();
  });
  device.write("one");
  await until(() => heard.device === "<one>", 5_000, 1);
  return { proxy, device, heard, isOver };
}

const cases: readonly [
  Cut,
  string,
  { device: string; server: string },
  { device: boolean; server: boolean },
][] = [
  ["reset", "ends both", { device: "<one>", server: "one" }, { device: true, server: true }],
  ["close", "ends both", { device: "<one>", server: "one" }, { device: true, server: true }],
  [
    "torn",
    "lets half of a chunk pass and ends both",
    { device: "<one>", server: "onetw" },
    { device: true, server: true },
  ],
  [
    "hole",
    "swallows all and tells nobody",
    { device: "<one>", server: "one" },
    { device: false, server: false },
  ],
  [
    "deaf",
    "swallows the answers and tells nobody",
    { device: "<one>", server: "onetwo!" },
    { device: false, server: false },
  ],
];

for (const [how, what, heard, isOver] of cases) {
  test(`the cut "${how}" ${what}`, async (t) => {
    const world = await rig(t);
    const wasCut = [
      world.proxy.openCount,
      world.proxy.cut(0.99, how),
      how === "torn" || world.proxy.openCount,
    ];
    world.device.write("two!");
    const isDone = (): boolean =>
      heard.server === world.heard.server &&
      isOver.device === world.isOver.device &&
      isOver.server === world.isOver.server;
    await until(isDone, 5_000, 1);
    // Time for what must not come.
    if (!isOver.device) await pause(100);
    // A torn chunk may be answered in time or not.
    const device = how === "torn" ? heard.device : world.heard.device;
    deepEqual(
      [wasCut, { ...world.heard, device }, world.isOver, world.proxy.accepted],
      [[1, true, how === "torn" || 0], heard, isOver, 1],
    );
    deepEqual(world.proxy.cut(0, "reset"), false);
  });
}
