/** Goal: code that cannot be fetched is a failure that says so, and is fetched the next time. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime } from "@parley/base/testing";
import { late } from "./late-code.js";
import { CODE_FETCH_MS_MAX } from "./limits.js";

interface Fetching {
  readonly time: ManualTime;
  /** How each fetch ends; the last one counts for all that follow. */
  readonly ends: (() => Promise<string>)[];
  fetchCount: number;
  isOnline: boolean;
  readonly load: () => Promise<string>;
}

function createFetching(...ends: (() => Promise<string>)[]): Fetching {
  const time = new ManualTime();
  const fetching: Fetching = {
    time,
    ends,
    fetchCount: 0,
    isOnline: true,
    load: late({ scheduler: time, isOnline: () => fetching.isOnline }, () => {
      fetching.fetchCount += 1;
      return ends[Math.min(fetching.fetchCount, ends.length) - 1]!();
    }),
  };
  return fetching;
}

const CODE = (): Promise<string> => Promise.resolve("code");
const LOST = (): Promise<string> => Promise.reject(new TypeError("Failed to fetch"));
const HANGING = (): Promise<string> => new Promise(() => undefined);
const codeOf = (promise: Promise<string>): Promise<string | undefined> =>
  promise.then((value) => value, failureCode);

test("code is fetched once", async () => {
  const fetching = createFetching(CODE);
  const loaded = await Promise.all([fetching.load(), fetching.load()]);
  deepEqual([loaded, await fetching.load(), fetching.fetchCount], [["code", "code"], "code", 1]);
});

test("a failure is told to all who wait, and the next call fetches again", async () => {
  const fetching = createFetching(LOST, CODE);
  const told = await Promise.all([codeOf(fetching.load()), codeOf(fetching.load())]);
  deepEqual([told, await fetching.load(), fetching.fetchCount], [["unavailable", "unavailable"], "code", 2]);
});

test("what does not come is given up in time", async () => {
  const fetching = createFetching(HANGING, CODE);
  const hanging = codeOf(fetching.load());
  await fetching.time.advance(CODE_FETCH_MS_MAX);
  deepEqual([await hanging, await fetching.load()], ["unavailable", "code"]);
});

test("nothing is asked for without a network", async () => {
  const fetching = createFetching(CODE);
  fetching.isOnline = false;
  const told = await codeOf(fetching.load());
  const { fetchCount } = fetching;
  fetching.isOnline = true;
  deepEqual([told, fetchCount, await fetching.load()], ["unavailable", 0, "code"]);
});

test("who waited first goes on first, also when another comes as the code arrives", async () => {
  const orders = await Promise.all(
    Array.from({ length: 12 }, async (_, turnsLater) => {
      const order: string[] = [];
      const fetching = createFetching(CODE);
      const first = fetching.load().then(() => order.push("first"));
      for (let count = 0; count < turnsLater; count++) await Promise.resolve();
      await Promise.all([first, fetching.load().then(() => order.push("second"))]);
      return order.join(" ");
    }),
  );
  deepEqual([...new Set(orders)], ["first second"]);
});
