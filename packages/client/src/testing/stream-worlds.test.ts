/** Both worlds' HTTP against a server that answers in pieces, late, wrongly or not at all. */
import { deepEqual } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { browserStreamHint, browserStreamWorld } from "../browser/index.js";
import type { StreamWorld } from "../common/index.js";
import { nodeStreamWorld } from "../node/index.js";

const WORLDS: readonly (readonly [string, StreamWorld])[] = [
  ["Node's", nodeStreamWorld],
  ["the browser's", browserStreamWorld],
];

async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/stream`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

for (const [whose, world] of WORLDS) {
  test(`${whose} HTTP tells pieces as they come, and the end once`, async () => {
    const told: unknown[] = [];
    let goOn: () => void = () => undefined;
    await withServer(
      (request, response) => {
        told.push([request.method, request.headers["content-length"]]);
        response.write(Uint8Array.of(1));
        goOn = () => void response.end(Uint8Array.of(2));
      },
      async (url) =>
        new Promise((resolve) => {
          world.open(url, {
            onPiece: (piece) => {
              told.push([...piece]);
              goOn();
            },
            onEnd: () => {
              told.push("end");
              resolve();
            },
          });
          told.push("returned");
        }),
    );
    deepEqual(told, ["returned", ["POST", "0"], [1], [2], "end"]);
  });

  test(`${whose} HTTP tells an answer that is refused, redirected, cut or not there as an end`, async () => {
    const told: unknown[] = [];
    const openAt = async (url: string): Promise<void> =>
      new Promise((resolve) => {
        world.open(url, { onPiece: (piece) => told.push([...piece]), onEnd: resolve });
      });
    await withServer(
      (request, response) => {
        if (request.url === "/v1/stream") response.writeHead(502).end("bad gateway");
        else if (request.url === "/moved") response.writeHead(307, { location: "/v1/stream" }).end();
        else response.write(Uint8Array.of(1), () => response.destroy());
      },
      async (url) => {
        await openAt(url);
        await openAt(new URL("/moved", url).href);
        await openAt(new URL("/cut", url).href);
      },
    );
    await openAt("http://127.0.0.1:1/v1/stream");
    deepEqual(
      told.every((piece) => String(piece) === "1"),
      true,
    );
  });

  test(`${whose} HTTP sends content and tells the status, 0 without one, and nothing after a cancel`, async () => {
    const told: unknown[] = [];
    const send = async (method: "POST" | "DELETE", url: string, body?: Uint8Array): Promise<number> =>
      new Promise((resolve) => {
        world.send({ method, url, ...(body === undefined ? {} : { body }) }, resolve);
      });
    let arrived: () => void = () => undefined;
    await withServer(
      (request, response) => {
        const pieces: Buffer[] = [];
        request.on("data", (piece: Buffer) => pieces.push(piece));
        request.on("end", () => {
          told.push([request.method, Buffer.concat(pieces).toJSON().data]);
          if (request.url?.endsWith("/cut") === true) response.destroy();
          else if (request.url?.endsWith("/late") === true) arrived();
          else response.writeHead(request.method === "POST" ? 204 : 404).end();
        });
      },
      async (url) => {
        told.push(await send("POST", url, Uint8Array.of(1, 2)));
        told.push(await send("DELETE", url));
        told.push(await send("POST", `${url}/cut`, Uint8Array.of(3)));
        const late = new Promise<void>((resolve) => {
          arrived = resolve;
        });
        const call = world.send({ method: "POST", url: `${url}/late` }, (status) => told.push(status));
        await late;
        call.cancel();
        call.cancel();
        told.push(await send("POST", url));
      },
    );
    deepEqual(told, [
      ["POST", [1, 2]],
      204,
      ["DELETE", []],
      404,
      ["POST", [3]],
      0,
      ["POST", []],
      ["POST", []],
      204,
    ]);
  });

  test(`${whose} HTTP tells nothing of a stream that was cancelled`, async () => {
    const told: unknown[] = [];
    await withServer(
      (_request, response) => void response.write(Uint8Array.of(1)),
      async (url) => {
        const gone = new Promise<void>((resolve) => {
          const call = world.open(url, {
            onPiece: () => {
              told.push("piece");
              call.cancel();
              call.cancel();
              resolve();
            },
            onEnd: () => told.push("end"),
          });
        });
        await gone;
      },
    );
    await new Promise(setImmediate);
    deepEqual(told, ["piece"]);
  });
}

test("a browser tells a stream when it has no network", () => {
  const page = new EventTarget();
  let count = 0;
  // Other tests of this process have a page of their own.
  withGlobals(
    {
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page),
    },
    () => {
      const stop = browserStreamWorld.onOffline?.(() => (count += 1));
      page.dispatchEvent(new Event("offline"));
      stop?.();
      page.dispatchEvent(new Event("offline"));
    },
  );
  deepEqual(count, 1);
});

test("what a browser remembers of a server outlives the page, and one that stores nothing forgets it", () => {
  const kept = new Map<string, string>();
  const hint = browserStreamHint("https://chat.example");
  const refusing = (): never => {
    throw new Error("Storing is forbidden.");
  };
  const without = withGlobals({ localStorage: { getItem: refusing, setItem: refusing } }, () => {
    hint.write(5);
    return hint.read();
  });
  const localStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  };
  const read = withGlobals({ localStorage }, () => {
    const before = hint.read();
    hint.write(7);
    const after = browserStreamHint("https://chat.example").read();
    const other = browserStreamHint("https://other.example").read();
    kept.set("parley/stream/https://chat.example", "much");
    const odd = hint.read();
    hint.write(0);
    return [before, after, other, odd];
  });
  deepEqual([without, read, kept.size], [0, [0, 7, 0, 0], 0]);
});

/** Lends globals of a browser to `run`, which is over when it returns. */
function withGlobals<T>(globals: Readonly<Record<string, unknown>>, run: () => T): T {
  const before = Object.keys(globals).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    return run();
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  }
}
