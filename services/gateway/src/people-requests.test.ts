import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { PROFILES_PER_REQUEST_MAX, type UserId, USERS_PER_REQUEST_MAX } from "@parley/protocol";
import { GatewayBench } from "./testing/gateway-bench.js";

const [ANN, NOBODY] = ["ann" as UserId, "nobody" as UserId];

test("names are given of exactly those who were asked for, of whom there are", async () => {
  const device = await new GatewayBench().open("a");
  await device.say("listUsers", { requestId: 1, userIds: [NOBODY, ANN] });
  await device.say("getProfiles", { requestId: 2, userIds: [ANN] });
  await device.say("findPeople", { requestId: 3, text: "lov" });
  const lists = device.socket.framesOf("userList");
  deepEqual(
    [lists.map(({ users }) => users.map(({ userId }) => userId)), device.socket.framesOf("profiles").length],
    [[["ann"], ["lov"]], 1],
  );
});

test("a department is answered of the own organisation, as it was asked for", async () => {
  const device = await new GatewayBench().open("a");
  await device.say("listDepartment", { requestId: 1, path: "A/B", after: ANN, limit: 7 });
  deepEqual(
    device.socket.framesOf("department").map(({ departments, next }) => [departments, next]),
    [[[{ name: "main:A/B", memberCount: 7 }], "ann"]],
  );
});

test("too many users at a time, none, and ids that are none are refused", async () => {
  const device = await new GatewayBench().open("a");
  const many = (count: number): UserId[] =>
    Array.from({ length: count }, (_, index) => `u${index}` as UserId);
  await device.say("listUsers", { requestId: 1, userIds: many(USERS_PER_REQUEST_MAX + 1) });
  await device.say("listUsers", { requestId: 2, userIds: ["a/b" as UserId] });
  await device.say("getProfiles", { requestId: 3, userIds: many(PROFILES_PER_REQUEST_MAX + 1) });
  await device.say("getProfiles", { requestId: 4, userIds: [] });
  await device.say("listUsers", { requestId: 5, userIds: many(USERS_PER_REQUEST_MAX) });
  deepEqual(
    [
      device.socket.framesOf("refused").map(({ requestId, code }) => [requestId, code]),
      device.socket.framesOf("userList")[0]?.users.length,
    ],
    [[1, 2, 3, 4].map((requestId) => [requestId, "bad-request"]), USERS_PER_REQUEST_MAX],
  );
});
