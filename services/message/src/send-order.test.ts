import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, failureCode } from "@parley/base";
import { SENDS_WAITING_MAX, SendOrder } from "./send-order.js";

/** Preparations that a test ends when it likes, and what was submitted so far. */
class Sends {
  readonly order = new SendOrder();
  readonly submitted: string[] = [];
  readonly #ends = new Map<string, (error?: Error) => void>();

  send(name: string, line = "ann"): Promise<string> {
    const prepare = (): Promise<string> =>
      new Promise((resolve, reject) => {
        this.#ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
      });
    return this.order.run(line, prepare, async (prepared) => {
      this.submitted.push(prepared);
      // The verdict comes later, and nobody waits for it.
      await new Promise(setImmediate);
      return `verdict on ${prepared}`;
    });
  }

  async end(name: string, error?: Error): Promise<readonly string[]> {
    this.#ends.get(name)!(error);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return [...this.submitted];
  }
}

test("what is prepared first waits for what was called before it", async () => {
  const sends = new Sends();
  const verdicts = Promise.all([sends.send("a"), sends.send("b"), sends.send("c")]);
  const steps = [await sends.end("c"), await sends.end("a"), await sends.end("b")];
  assert.deepEqual(
    [steps, await verdicts],
    [
      [[], ["a"], ["a", "b", "c"]],
      ["verdict on a", "verdict on b", "verdict on c"],
    ],
  );
});

test("one that fails is left out, and those behind it go on", async () => {
  const sends = new Sends();
  const first = sends.send("a").catch((error: unknown) => failureCode(error));
  const second = sends.send("b");
  await sends.end("b");
  const submitted = await sends.end(
    "a",
    new Failure("unavailable", "The tables are busy.", { retry: "same" }),
  );
  assert.deepEqual([await first, submitted, await second], ["unavailable", ["b"], "verdict on b"]);
});

test("other names do not wait, and a name waits only while one of its sends does", async () => {
  const sends = new Sends();
  const all = [sends.send("a"), sends.send("x", "bob")];
  const waiting = [sends.order.isWaiting("ann"), sends.order.isWaiting("bob"), sends.order.isWaiting("cy")];
  const submitted = await sends.end("x");
  await sends.end("a");
  await Promise.all(all);
  assert.deepEqual(
    [waiting, submitted, sends.order.isWaiting("ann"), sends.order.isWaiting("bob")],
    [[true, true, false], ["x"], false, false],
  );
});

test(`beyond ${SENDS_WAITING_MAX} that wait the next is refused`, async () => {
  const sends = new Sends();
  const names = Array.from({ length: SENDS_WAITING_MAX }, (_, index) => `${index}`);
  const all = names.map((name) => sends.send(name));
  const refused = await sends.send("more").catch((error: unknown) => failureCode(error));
  for (const name of names) await sends.end(name);
  await Promise.all(all);
  assert.deepEqual([refused, sends.submitted], ["too-many-requests", names]);
});
