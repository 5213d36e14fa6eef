/** The requests of docs/protocol/http.md are answered as it says: they are made, one after another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ManualTime,
  RecordingLogger,
  blocksOf,
  readDoc,
  rowsOf,
  seededRandom,
  sectionOf,
} from "@parley/base/testing";
import { type DeviceId, type TenantId, type UserId, ERROR_CODES } from "@parley/protocol";
import { MemoryTableStore, MemoryTables } from "@parley/tables";
import { AccountStore } from "./account-store.js";
import { HTTP_STATUS, createApi } from "./create-api.js";

const document = readDoc("protocol/http.md");
const tenantId = "main" as TenantId;
const userId = "ann" as UserId;

/** The first line, the headers and the body of a message as the document writes it. */
function messageOf(block: string): { line: string; headers: Record<string, string>; body: string } {
  const [head = "", ...rest] = block.split("\n\n");
  const [line = "", ...fields] = head.trimEnd().split("\n");
  const headers = Object.fromEntries(
    fields.map((field) => [
      field.slice(0, field.indexOf(":")).toLowerCase(),
      field.slice(field.indexOf(":") + 2),
    ]),
  );
  return { line, headers, body: rest.join("\n\n") };
}

/** JSON as one text, however it is laid out. */
function compact(json: string): string {
  return json === "" ? "" : JSON.stringify(JSON.parse(json));
}

test("http.md answers its requests as the server does", async () => {
  const time = new ManualTime();
  const tables = new MemoryTables(new MemoryTableStore(), time);
  // Tokens and ids come from this chance, so they are those of the document.
  const accounts = new AccountStore({ tables, clock: time, random: seededRandom(1) });
  await accounts.addUser({ tenantId, userId, name: "Ann", password: "correct horse" });
  await accounts.issueToken({ tenantId, userId, deviceName: "phone" });
  const api = await createApi({ accounts, tenantDefault: tenantId, logger: new RecordingLogger() });
  const messages = blocksOf(document, "http").map(messageOf);
  const answers = [];
  for (let index = 0; index < messages.length; index += 2) {
    const { line, headers, body } = messages[index]!;
    const [method, url] = line.split(" ");
    const answer = await api.inject({
      method: method as "GET",
      url: url!,
      headers,
      ...(body === "" ? {} : { body }),
    });
    const type = answer.headers["content-type"];
    answers.push([`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`, type, compact(answer.body)]);
  }
  await api.close();
  const stated = messages
    .filter((_, index) => index % 2 === 1)
    .map(({ line, headers, body }) => [line, headers["content-type"], compact(body)]);
  assert.deepEqual([answers.length, answers], [7, stated]);
});

test("http.md gives each code its status", () => {
  const stated = rowsOf(sectionOf(document, "Problems")).map((row) => row.join(" "));
  const expected = Object.entries(HTTP_STATUS).map(([code, status]) => `${status} ${code}`);
  assert.deepEqual(
    new Set(stated),
    new Set([...expected, "413 bad-request", "416 bad-request", "500 internal"]),
  );
});

test("every code of a problem is in the protocol", () => {
  assert.deepEqual(
    Object.keys(HTTP_STATUS).filter((code) => !Object.hasOwn(ERROR_CODES, code)),
    [],
  );
});

test("http.md names the fields of a login and their bounds", async () => {
  const time = new ManualTime();
  const tables = new MemoryTables(new MemoryTableStore(), time);
  const accounts = new AccountStore({ tables, clock: time, random: seededRandom(1) });
  await accounts.addUser({ tenantId, userId, name: "Ann", password: "correct horse" });
  const api = await createApi({ accounts, tenantDefault: tenantId, logger: new RecordingLogger() });
  const login = async (change: object): Promise<number> => {
    const whole = { user: "ann", password: "correct horse", device: "laptop", ...change };
    return (await api.inject({ method: "POST", url: "/v1/login", payload: whole })).statusCode;
  };
  const statuses = [
    await login({ tenant: "main", deviceId: "d-1" as DeviceId, unknown: 1 }),
    await login({ device: "d".repeat(100) }),
    await login({ device: "d".repeat(101) }),
    await login({ device: "" }),
    await login({ password: "" }),
    await login({ password: "p".repeat(256) }),
    await login({ password: "p".repeat(257) }),
    await login({ password: "p".repeat(16 * 1024) }),
  ];
  await api.close();
  const fields = rowsOf(sectionOf(document, "POST /v1/login")).map(([field]) => field);
  assert.deepEqual(
    [statuses, fields],
    [
      [200, 200, 400, 400, 400, 401, 400, 413],
      [
        "user",
        "password",
        "device",
        "deviceId",
        "tenant",
        "token",
        "userId",
        "deviceId",
        "sessionId",
        "expiresAtMs",
      ],
    ],
  );
});
