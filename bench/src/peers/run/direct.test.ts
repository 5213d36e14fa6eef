/** The checker sees what a system does wrong: a server in this process that loses, doubles and swaps messages. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import type { ConnectOptions, Peer, PeerServer } from "../peer.js";
import { runDirect } from "./direct.js";

/** Delivers message `number` as often and in the order as it is told. */
type Deliver = (number: number, deliver: (number: number) => void) => void;

function stageOf(deliver: Deliver, hasAcks: boolean): { readonly peer: Peer; readonly server: PeerServer } {
  const receivers = new Map<number, ConnectOptions["handlers"]>();
  const server: PeerServer = {
    pid: process.pid,
    configuration: "",
    connect: ({ user, handlers }) => {
      receivers.set(user, handlers);
      return Promise.resolve({
        open: () => Promise.resolve(),
        join: () => Promise.resolve(),
        send: (number) => {
          setImmediate(() => {
            if (hasAcks) handlers.onAck(number, number);
            deliver(number, (each) => receivers.get(user + 1)?.onMessage(each, each, true));
          });
        },
        sendToGroup: () => undefined,
        ping: () => undefined,
        cut: () => ({}),
        close: () => Promise.resolve(),
      });
    },
    makeGroup: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  const start = (): Promise<PeerServer> => Promise.resolve(server);
  const find = () => ({ version: "1" });
  return {
    server,
    peer: { name: "here", kind: "chat", hasAcks, keepsMissed: false, promise: "", find, start },
  };
}

/** Lets one pair send three messages at once; that one which is lost keeps its place in the window. */
async function faultsOf(deliver: Deliver, hasAcks = true): Promise<unknown> {
  const stop: Deliver = (number, to) => {
    if (number <= 3) deliver(number, to);
    else to(number);
  };
  const plan = { pairs: 1, window: 4, seconds: 0.02, warmUpSeconds: 0, rate: undefined, drainMsMax: 50 };
  const { figures } = await runDirect(plan, stageOf(stop, hasAcks));
  return [figures["lost"], figures["duplicated"], figures["misordered"], figures["unanswered"]];
}

test("a system without fault has none", async () => {
  deepEqual(await faultsOf((number, deliver) => deliver(number)), [0, 0, 0, 0]);
});

test("a message that is acknowledged and does not come is lost, and leaves a hole", async () => {
  const lossy: Deliver = (number, deliver) => {
    if (number !== 2) deliver(number);
  };
  deepEqual(await faultsOf(lossy), [1, 0, 1, 0]);
  deepEqual(await faultsOf(lossy, false), [1, 0, 1, 0]);
});

test("a message that comes twice is doubled", async () => {
  const doubling: Deliver = (number, deliver) => {
    deliver(number);
    if (number === 3) deliver(number);
  };
  deepEqual(await faultsOf(doubling), [0, 1, 0, 0]);
});

test("messages that change places are out of order", async () => {
  const swapping: Deliver = (number, deliver) => {
    if (number === 1) return;
    deliver(number);
    if (number === 2) deliver(1);
  };
  deepEqual(await faultsOf(swapping), [0, 0, 2, 0]);
});
