/** Goal: a version is held whole or not at all, pages find the files of their own version, and nothing but the app is held. */
import { deepEqual, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Shell, ShellCache } from "./shell-cache.js";

const ORIGIN = "https://chat.example";
type Files = Readonly<Record<string, string>>;
const FIRST: Files = {
  "/": "page 1",
  "/icon.svg": "icon",
  "/assets/app-1.js": "app 1",
  "/assets/late-1.js": "late",
};
const SECOND: Files = {
  "/": "page 2",
  "/icon.svg": "icon",
  "/assets/app-2.js": "app 2",
  "/assets/late-1.js": "late",
};
const THIRD: Files = { "/": "page 3", "/icon.svg": "icon 3", "/assets/app-3.js": "app 3" };

/** A browser with its caches, and a server that serves what it is given. */
class World {
  files: Files = {};
  readonly asked: string[] = [];
  readonly #caches = new Map<string, Map<string, Response>>();

  worker(version: string, files: Files): ShellCache {
    const digests = Object.entries(files).map(([path, text]) => [path, digestOf(text)]);
    const shell: Shell = { version, files: Object.fromEntries(digests) as Files };
    return new ShellCache(shell, {
      origin: ORIGIN,
      caches: {
        open: async (name) => this.#open(name),
        keys: async () => [...this.#caches.keys()],
        delete: async (name) => this.#caches.delete(name),
      },
      fetch: async (path) => {
        this.asked.push(path);
        const text = this.files[path];
        return new Response(text ?? "", {
          status: text === undefined ? 404 : 200,
          headers: { "x-from": "server" },
        });
      },
    });
  }

  get held(): readonly string[] {
    return [...this.#caches.keys()];
  }

  #open(name: string): Cache {
    const files = this.#caches.get(name) ?? new Map<string, Response>();
    this.#caches.set(name, files);
    const cache: Pick<Cache, "match" | "put"> = {
      match: async (path) => files.get(path as string)?.clone(),
      put: async (path, response) => void files.set(path as string, response),
    };
    return cache as Cache;
  }
}

/** The texts under paths, "-" for none. */
async function read(worker: ShellCache, ...paths: readonly string[]): Promise<readonly string[]> {
  return Promise.all(paths.map(async (path) => (await worker.find(path))?.text() ?? "-"));
}

async function deploy(world: World, version: string, files: Files): Promise<ShellCache> {
  world.files = files;
  const worker = world.worker(version, files);
  await worker.install();
  await worker.tidy();
  return worker;
}

test("a version is held with all its files, and of the next one only what is new is fetched", async () => {
  const world = new World();
  const first = await deploy(world, "1", FIRST);
  const shown = await read(first, "/", "/icon.svg", "/assets/late-1.js", "/assets/none.js");
  world.asked.length = 0;
  const second = await deploy(world, "2", SECOND);
  deepEqual(
    [shown, world.asked.toSorted(), await read(second, "/", "/assets/late-1.js")],
    [
      ["page 1", "icon", "late", "-"],
      ["/", "/assets/app-2.js"],
      ["page 2", "late"],
    ],
  );
});

test("a deployment that is half done is refused, and the version before stays", async () => {
  const world = new World();
  const first = await deploy(world, "1", FIRST);
  world.files = { ...FIRST, "/assets/app-2.js": "app 2" };
  await rejects(world.worker("2", SECOND).install(), /\/ is of another version/u);
  world.files = { "/": "page 2" };
  await rejects(world.worker("2", SECOND).install(), /app-2.js cannot be fetched: 404/u);
  deepEqual(
    [world.held, await read(first, "/", "/assets/app-1.js")],
    [["parley-shell-1"], ["page 1", "app 1"]],
  );
});

test("a page of the version before finds its own files until there is a third; icons are the newest", async () => {
  const world = new World();
  await deploy(world, "1", FIRST);
  const second = await deploy(world, "2", SECOND);
  const beside = await read(second, "/", "/assets/app-1.js", "/assets/app-2.js");
  const third = await deploy(world, "3", THIRD);
  deepEqual(
    [beside, world.held, await read(third, "/assets/app-1.js", "/assets/app-2.js", "/icon.svg")],
    [
      ["page 2", "app 1", "app 2"],
      ["parley-shell-2", "parley-shell-3"],
      ["-", "app 2", "icon 3"],
    ],
  );
});

test("only files of the app are answered: no API, no other method, no other origin", () => {
  const worker = new World().worker("1", FIRST);
  const pathOf = (url: string, method = "GET"): string | undefined => worker.pathOf({ method, url });
  deepEqual(
    [
      pathOf(`${ORIGIN}/`),
      pathOf(`${ORIGIN}/index.html`),
      pathOf(`${ORIGIN}/?from=icon`),
      pathOf(`${ORIGIN}/assets/app-0.js`),
      pathOf(`${ORIGIN}/v1/media/1`),
      pathOf(`${ORIGIN}/healthz`),
      pathOf(`${ORIGIN}/constructor`),
      pathOf(`${ORIGIN}/`, "POST"),
      pathOf("https://other.example/icon.svg"),
    ],
    ["/", "/", "/", "/assets/app-0.js", undefined, undefined, undefined, undefined, undefined],
  );
});

test("the page's headers are renewed as long as it is the same page", async () => {
  const world = new World();
  const first = await deploy(world, "1", FIRST);
  const page = async (): Promise<string | undefined> => (await first.find("/"))?.text();
  world.files = SECOND;
  await first.renewPage();
  const kept = await page();
  world.files = FIRST;
  world.asked.length = 0;
  await first.renewPage();
  deepEqual([kept, await page(), world.asked], ["page 1", "page 1", ["/"]]);
});

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
