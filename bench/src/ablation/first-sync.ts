/** A new device, or one that comes back, on a bad network: what it gets until it shows something. */
import { createClient, createMemoryStore, type ParleyClient } from "@parley/client";
import { createNodeTransport, nodeInflate } from "@parley/client/node";
import { systemAmbient } from "@parley/base/node";
import type { UserId } from "@parley/protocol";
import type { Served } from "../load/served.js";
import { SlowProxy, type SlowProxyOptions } from "../load/slow-proxy.js";
import { pause } from "../pause.js";
import { thousandths } from "../rounding.js";

type Position = { readonly epoch: number; readonly pts: number };

const NOTHING: Position = { epoch: 0, pts: 0 };
const NEWEST_SHOWN = 20;
const SETTLE_MS = 300_000;

export interface FirstSync {
  readonly usableBytes: number;
  readonly usableSeconds: number;
  readonly allBytes: number;
  readonly allSeconds: number;
}

export interface Network extends Omit<SlowProxyOptions, "serverPort"> {
  /** Default true. */
  readonly isPacking?: boolean;
}

/** A device of its own with the SDK, over a proxy; it has not started. */
export async function deviceOver({
  proxy,
  served,
  userId,
  isPacking,
  position = NOTHING,
  onOpen = () => undefined,
}: {
  readonly proxy: SlowProxy;
  readonly served: Served;
  readonly userId: UserId;
  readonly isPacking: boolean;
  readonly position?: Position;
  readonly onOpen?: () => void;
}): Promise<ParleyClient> {
  const store = createMemoryStore();
  const transport = createNodeTransport();
  await store.load();
  await store.commit([{ kind: "position", position }]);
  return createClient({
    url: `${proxy.url.replace("http", "ws")}/v1/ws`,
    token: await served.token(userId),
    userId,
    store,
    transport: {
      connect: (url, handlers) =>
        transport.connect(url, {
          ...handlers,
          onOpen: () => {
            onOpen();
            handlers.onOpen();
          },
        }),
    },
    ...(isPacking ? { inflate: nodeInflate } : {}),
    ambient: systemAmbient({ info: () => undefined, warn: () => undefined, error: () => undefined }),
  });
}

/** Until the list is shown and the newest messages of its first conversation, and until the device has everything. */
export async function newDevice(
  served: Served,
  userId: UserId,
  position: Position,
  { isPacking = true, ...network }: Network,
): Promise<FirstSync> {
  const proxy = await SlowProxy.start({ ...network, serverPort: served.port });
  let beganMs = performance.now();
  // Counted from there on: how a socket is opened is the network's.
  const onOpen = (): void => void (beganMs = performance.now());
  const client = await deviceOver({ proxy, served, userId, isPacking, position, onOpen });
  const isReplay = position.epoch !== 0;
  let usable: { readonly bytes: number; readonly seconds: number } | undefined;
  try {
    const seconds = (): number => thousandths((performance.now() - beganMs) / 1000);
    await client.start();
    // A replay shows old messages first: what is newest is there at its end.
    if (isReplay) await client.settled(SETTLE_MS);
    while (client.conversations().length === 0) await pause(5);
    const newest = client.conversations()[0]!;
    await client.open(newest.conversationId);
    const shown = (): number => client.timeline(newest.conversationId)?.messages.length ?? 0;
    while (shown() < NEWEST_SHOWN) await pause(5);
    usable = { bytes: proxy.bytes.down, seconds: seconds() };
    await client.settled(SETTLE_MS);
    return {
      usableBytes: usable.bytes,
      usableSeconds: usable.seconds,
      allBytes: proxy.bytes.down,
      allSeconds: seconds(),
    };
  } finally {
    await client.stop();
    await proxy.close();
  }
}
