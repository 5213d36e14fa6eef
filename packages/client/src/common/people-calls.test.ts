import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { manualAmbient, ManualTime, RecordingLogger } from "@parley/base/testing";
import {
  type ConversationId,
  type User,
  type UserId,
  FOUND_PEOPLE_MAX,
  User as UserSchema,
  filled,
  personRank,
  foldName,
} from "@parley/protocol";
import type { HttpRequest } from "./http.js";
import { PEOPLE_KNOWN_MAX } from "./limits.js";
import { PeopleCalls } from "./people-calls.js";
import type { Requests } from "./requests.js";

const GROUP = "g:team" as ConversationId;
const PEOPLE = [
  ["u1", "Ada Lovelace"],
  ["u2", "Åsa Lov"],
  ["u3", "Bob Adams"],
  ["lov", "Zoë"],
].map(([userId, name]) => filled(UserSchema, { userId: userId as UserId, name: name! }));

/** A server that knows people, and what was asked of it. */
class Bench {
  readonly asked: (readonly [string, unknown])[] = [];
  readonly departments: unknown[] = [];
  readonly sent: HttpRequest[] = [];
  people: readonly User[] = PEOPLE;
  isLive = true;
  status = 200;
  readonly calls: PeopleCalls;

  constructor() {
    const call = async (name: string, payload: { text?: string; userIds?: readonly UserId[] }) => {
      if (name === "listDepartment") {
        this.departments.push(payload);
        return { departments: [{ name: "C", memberCount: 2 }], users: this.people, next: "u9" };
      }
      this.asked.push([name, payload.text ?? payload.userIds?.length]);
      const { text, userIds } = payload;
      const users = this.people.filter(
        (user) => userIds?.includes(user.userId) ?? personRank(user, foldName(text ?? "")) !== undefined,
      );
      return { users, profiles: users };
    };
    const ambient = manualAmbient(new ManualTime(), new RecordingLogger());
    this.calls = new PeopleCalls({
      requests: { call } as unknown as Requests,
      isLive: () => this.isLive,
      options: {
        url: "ws://chat/v1/ws",
        token: "t",
        ambient,
        http: (request) => {
          this.sent.push(request);
          const answer = Promise.resolve({
            status: this.status,
            header: () => "image/png",
            bytes: async () => Uint8Array.of(7),
            text: async () => '{"pictureVersion":4}',
          });
          return { answer, cancel: () => undefined };
        },
      },
    });
  }

  async find(
    text: string,
    options: { conversationId?: ConversationId; limit?: number } = {},
  ): Promise<string[]> {
    const answers: string[] = [];
    for await (const users of this.calls.findPeople(text, options))
      answers.push(users.map(({ userId }) => userId).join(" "));
    return answers;
  }
}

test("whoever was heard of is found at once, in the order that the server has, and then its answer comes", async () => {
  const bench = new Bench();
  const before = await bench.find("lov");
  await bench.calls.usersById(PEOPLE.map(({ userId }) => userId));
  deepEqual(
    [
      before,
      await bench.find("LÓV"),
      await bench.find("ada"),
      await bench.find("…"),
      await bench.find("ada", { limit: 1 }),
    ],
    [
      ["", "u1 u2 lov"],
      ["lov u2 u1", "u1 u2 lov"],
      ["u1 u3", "u1 u3"],
      ["", "u1 u2 u3 lov"],
      ["u1", "u1 u3"],
    ],
  );
});

test("without a connection those are found who are known, and nobody is asked", async () => {
  const bench = new Bench();
  await bench.find("ada");
  bench.isLive = false;
  deepEqual([await bench.find("a"), bench.asked], [["u1 u3"], [["findPeople", "ada"]]]);
});

test("among members those are known who were found among them", async () => {
  const bench = new Bench();
  await bench.calls.usersById(PEOPLE.map(({ userId }) => userId));
  bench.people = PEOPLE.slice(0, 1);
  const first = await bench.find("lov", { conversationId: GROUP });
  deepEqual(
    [first, await bench.find("l", { conversationId: GROUP })],
    [
      ["", "u1"],
      ["u1", "u1"],
    ],
  );
});

test("people are asked for in batches that the server takes", async () => {
  const bench = new Bench();
  const ids = Array.from({ length: 450 }, (_, index) => `p${index}` as UserId);
  await bench.calls.usersById([...ids, "u1" as UserId]);
  await bench.calls.profiles(ids.slice(0, 150));
  deepEqual(bench.asked, [
    ["listUsers", 200],
    ["listUsers", 200],
    ["listUsers", 51],
    ["getProfiles", 100],
    ["getProfiles", 50],
  ]);
});

test("a department is asked for by the page, and whoever is in it is known then", async () => {
  const bench = new Bench();
  const page = await bench.calls.department("A/B");
  await bench.calls.department("A/B", { after: "u2" as UserId, limit: 7 });
  bench.isLive = false;
  deepEqual(
    [page, bench.departments, await bench.find("adam")],
    [
      { departments: [{ name: "C", memberCount: 2 }], users: PEOPLE, next: "u9" },
      [
        { path: "A/B", after: "", limit: 0 },
        { path: "A/B", after: "u2", limit: 7 },
      ],
      ["u3"],
    ],
  );
});

test("so many are known, those who were heard of last, and so many are found", async () => {
  const bench = new Bench();
  const name = (index: number): string => `Ann ${String(index).padStart(5, "0")}`;
  bench.people = Array.from({ length: PEOPLE_KNOWN_MAX + 5 }, (_, index) =>
    filled(UserSchema, { userId: `p${index}` as UserId, name: name(index) }),
  );
  await bench.calls.usersById(bench.people.map(({ userId }) => userId));
  bench.isLive = false;
  const [found = ""] = await bench.find("ann");
  deepEqual([found.split(" ").length, found.split(" ")[0]], [FOUND_PEOPLE_MAX, "p5"]);
});

test("a picture is set, taken away and read over HTTP", async () => {
  const bench = new Bench();
  const version = await bench.calls.setPicture(Uint8Array.of(1));
  const picture = await bench.calls.fetchPicture("a b" as UserId);
  bench.status = 204;
  const gone = await bench.calls.setPicture(undefined);
  bench.status = 404;
  const none = await bench.calls.fetchPicture("u1" as UserId);
  deepEqual(
    [version, picture, gone, none, bench.sent.map(({ method, url }) => `${method} ${url}`)],
    [
      4,
      { type: "image/png", bytes: Uint8Array.of(7) },
      0,
      undefined,
      [
        "PUT http://chat/v1/me/picture",
        "GET http://chat/v1/users/a%20b/picture",
        "DELETE http://chat/v1/me/picture",
        "GET http://chat/v1/users/u1/picture",
      ],
    ],
  );
  bench.status = 503;
  await rejects(bench.calls.fetchPicture("u1" as UserId));
});
