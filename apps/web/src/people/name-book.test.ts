import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ClientEvents, ParleyClient } from "@parley/client";
import { User, type UserId, filled } from "@parley/protocol";
import { memoryStorage } from "../session/browser-storage.js";
import { NameBook } from "./name-book.js";

const ADA = "ada" as UserId;
const BOB = "bob" as UserId;

/** The directory of a client whose answers a test gives. */
class Directory implements Pick<ParleyClient, "usersById" | "on"> {
  readonly asked: string[] = [];
  readonly #answers: ((users: readonly User[] | undefined) => void)[] = [];
  #onConnection: (event: ClientEvents["connection"]) => void = () => undefined;

  usersById(userIds: readonly UserId[]): Promise<readonly User[]> {
    this.asked.push(userIds.length > 3 ? `${userIds.length}` : userIds.join(" "));
    return new Promise((resolve, reject) => {
      this.#answers.push((users) => (users === undefined ? reject(new Error("offline")) : resolve(users)));
    });
  }

  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void {
    if (name === "connection") this.#onConnection = listener as (event: ClientEvents["connection"]) => void;
    return () => undefined;
  }

  /** Answers the oldest question; without users it fails. */
  async answer(users?: readonly User[]): Promise<void> {
    this.#answers.shift()?.(users);
    await settle();
  }

  async connect(): Promise<void> {
    this.#onConnection({ state: "live" });
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

test("a name is asked for once, and the id stands for it until then", async () => {
  const directory = new Directory();
  const book = new NameBook(directory, memoryStorage());
  let changes = 0;
  book.subscribe(() => (changes += 1));
  const before = [book.nameOf(ADA), book.nameOf(ADA)];
  await settle();
  await directory.answer([filled(User, { userId: ADA, name: "Ada" })]);
  deepEqual(
    [before, book.nameOf(ADA), directory.asked, changes, book.version()],
    [[ADA, ADA], "Ada", [ADA], 1, 1],
  );
});

test("what one drawing needs is one question, and pictures come with the names", async () => {
  const directory = new Directory();
  const book = new NameBook(directory, memoryStorage());
  const before = [book.nameOf(ADA), book.pictureOf(BOB), book.pictureOf(ADA)];
  await settle();
  await directory.answer([
    filled(User, { userId: ADA, name: "Ada", pictureVersion: 4 }),
    filled(User, { userId: BOB, name: "Bob" }),
  ]);
  deepEqual(
    [before, book.pictureOf(ADA), book.pictureOf(BOB), book.nameOf(BOB), directory.asked],
    [[ADA, 0, 0], 4, 0, "Bob", ["ada bob"]],
  );
});

test("names are there at the next visit, and asked for again", async () => {
  const storage = memoryStorage();
  new NameBook(new Directory(), storage).learn([
    filled(User, { userId: ADA, name: "Ada", pictureVersion: 2 }),
  ]);
  const directory = new Directory();
  const book = new NameBook(directory, storage);
  const first = [book.nameOf(ADA), book.pictureOf(ADA)];
  await settle();
  await directory.answer([filled(User, { userId: ADA, name: "Ada L." })]);
  deepEqual([first, book.nameOf(ADA), directory.asked], [["Ada", 2], "Ada L.", [ADA]]);
});

test("what had no answer is asked again on the next connection", async () => {
  const directory = new Directory();
  const book = new NameBook(directory, memoryStorage());
  book.nameOf(ADA);
  await settle();
  await directory.answer();
  await directory.connect();
  deepEqual(directory.asked, [ADA, ADA]);
});

test("only a few questions are on their way at a time, each for as many as one may be", async () => {
  const directory = new Directory();
  const book = new NameBook(directory, memoryStorage());
  for (let index = 0; index < 450; index++) book.nameOf(`user-${index}` as UserId);
  await settle();
  const atOnce = [...directory.asked];
  await directory.answer([]);
  deepEqual(
    [atOnce, directory.asked],
    [
      ["200", "200"],
      ["200", "200", "50"],
    ],
  );
});

test("what something else has stored is passed over", () => {
  const storage = memoryStorage();
  for (const text of ["{", "{}", '[["bob"],1,["ada","Ada"]]']) {
    storage.setItem("parley.names", text);
    new NameBook(new Directory(), storage).nameOf(BOB);
  }
  const book = new NameBook(new Directory(), storage);
  deepEqual([book.nameOf(ADA), book.nameOf(BOB)], ["Ada", BOB]);
});
