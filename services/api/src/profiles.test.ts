import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  type UserId,
  DEPARTMENT_BYTES_MAX,
  JOB_BYTES_MAX,
  PICTURE_BYTES_MAX,
  Profile,
  STATUS_CHARACTERS_MAX,
  filled,
} from "@parley/protocol";
import { AccountBench, outcomeOf, TENANT } from "./testing/account-bench.js";

const ANN = "ann" as UserId;
const PNG = { type: "image/png", bytes: Uint8Array.of(1, 2, 3) };

function saying(statusText: string): { readonly names: readonly string[]; readonly profile: Profile } {
  return { names: ["statusText"], profile: filled(Profile, { statusText }) };
}

test("what the organisation and the person say stands in the profile, and lists have a part of it", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  await bench.accounts.setDetails(TENANT, ANN, { title: "Engineer", department: " Engineering / Platform " });
  await bench.accounts.updateProfile(TENANT, ANN, saying(" On a train "));
  await bench.accounts.setDetails(TENANT, ANN, { name: "Ann Lee" });
  const user = { userId: ANN, name: "Ann Lee", isSystem: false, pictureVersion: 0, title: "Engineer" };
  deepEqual(
    [
      await bench.accounts.profiles(TENANT, ["nobody" as UserId, ANN]),
      await bench.accounts.findUsers(TENANT, [ANN]),
    ],
    [[{ ...user, department: "Engineering/Platform", statusText: "On a train" }], [user]],
  );
});

test("what does not fit is refused, and so is what is not a person's own to set", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const { accounts } = bench;
  const outcomes = [
    accounts.setDetails(TENANT, ANN, { name: " " }),
    accounts.setDetails(TENANT, ANN, { title: "t".repeat(JOB_BYTES_MAX + 1) }),
    accounts.setDetails(TENANT, ANN, { department: "d".repeat(DEPARTMENT_BYTES_MAX + 1) }),
    accounts.setDetails(TENANT, ANN, { department: "a//b" }),
    accounts.updateProfile(TENANT, ANN, saying("😀".repeat(STATUS_CHARACTERS_MAX + 1))),
    accounts.updateProfile(TENANT, ANN, saying("two\nlines")),
    accounts.updateProfile(TENANT, ANN, { names: ["name"], profile: filled(Profile, { name: "Root" }) }),
    accounts.setPicture(TENANT, ANN, { ...PNG, type: "image/svg+xml" }),
    accounts.setPicture(TENANT, ANN, { ...PNG, bytes: new Uint8Array(PICTURE_BYTES_MAX + 1) }),
    accounts.setDetails(TENANT, "bob" as UserId, { title: "Boss" }),
    accounts.setPicture(TENANT, "bob" as UserId, PNG),
    accounts.updateProfile(TENANT, ANN, saying("😀".repeat(STATUS_CHARACTERS_MAX))),
    accounts.setPicture(TENANT, ANN, { ...PNG, bytes: new Uint8Array(PICTURE_BYTES_MAX) }),
    accounts.setDetails(TENANT, ANN, { department: "" }),
  ];
  deepEqual(await Promise.all(outcomes.map(outcomeOf)), [
    ...Array.from({ length: 7 }, () => "bad-request"),
    "media-refused",
    "bad-request",
    "user-not-found",
    "user-not-found",
    "ok",
    "ok",
    "ok",
  ]);
});

test("every picture has a version of its own, also after one that was taken away", async () => {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const { accounts } = bench;
  const versions = [
    await accounts.setPicture(TENANT, ANN, PNG),
    await accounts.setPicture(TENANT, ANN, PNG),
    await accounts.setPicture(TENANT, ANN, undefined),
  ];
  const gone = [
    await accounts.findPicture(TENANT, ANN),
    (await accounts.findUsers(TENANT, [ANN]))[0]?.pictureVersion,
  ];
  versions.push(await accounts.setPicture(TENANT, ANN, PNG));
  const picture = await accounts.findPicture(TENANT, ANN);
  deepEqual([versions, gone, picture], [[1, 2, 0, 3], [undefined, 0], { version: 3, ...PNG }]);
});
