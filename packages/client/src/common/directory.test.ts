import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { DIRECTORY_PAGE_MAX, parseUserId } from "@parley/protocol";
import { listUsers } from "./directory.js";
import type { Requests } from "./requests.js";

/** A directory of `count` people that answers like the server, and the sizes it was asked for. */
function directoryOf(count: number): Pick<Requests, "call"> & { readonly asked: number[] } {
  const ids = Array.from({ length: count }, (_, index) => `user-${String(index).padStart(5, "0")}`);
  const asked: number[] = [];
  const call = async (
    name: string,
    { after = "", limit }: { readonly after?: string; readonly limit: number },
  ): Promise<unknown> => {
    deepEqual(name, "listUsers");
    asked.push(limit);
    const rest = ids.filter((id) => id > after);
    const users = rest.slice(0, limit).map((id) => ({ userId: parseUserId(id), name: id }));
    return { users, next: rest.length > limit ? users.at(-1)?.userId : "" };
  };
  return { asked, call: call as unknown as Requests["call"] };
}

test("a search for people asks for no more than its limit", async () => {
  const directory = directoryOf(DIRECTORY_PAGE_MAX * 3);
  const one = await listUsers(directory, "", 1);
  const more = await listUsers(directory, "", DIRECTORY_PAGE_MAX + 5);
  deepEqual(
    [one.length, more.length, directory.asked],
    [1, DIRECTORY_PAGE_MAX + 5, [1, DIRECTORY_PAGE_MAX, 5]],
  );
});

test("a list of people ends where the directory ends", async () => {
  const directory = directoryOf(DIRECTORY_PAGE_MAX + 1);
  const users = await listUsers(directory, "", 50_000);
  deepEqual([users.length, directory.asked.length], [DIRECTORY_PAGE_MAX + 1, 2]);
});
