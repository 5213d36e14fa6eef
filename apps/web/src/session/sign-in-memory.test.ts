import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { DeviceId, UserId } from "@parley/protocol";
import { keysOf, memoryStorage, storageOf } from "./browser-storage.js";
import { SignInMemory, type TabSession } from "./sign-in-memory.js";

const SESSION: TabSession = {
  token: "token",
  userId: "ada" as UserId,
  deviceId: "w-1" as DeviceId,
  expiresAtMs: 5,
};

test("all tabs find the session, until it is forgotten; a newer one is not forgotten with it", () => {
  const browser = memoryStorage();
  const one = new SignInMemory(browser, browser);
  const other = new SignInMemory(browser, browser);
  one.keepSession(SESSION);
  const found = other.findSession();
  other.forgetSession({ token: "older" });
  const kept = one.findSession();
  other.forgetSession(SESSION);
  deepEqual([found, kept, one.findSession()], [SESSION, SESSION, undefined]);
});

test("forgetting everything leaves the devices and what tells of nobody", () => {
  const browser = memoryStorage();
  const memory = new SignInMemory(browser, browser);
  memory.keepSession(SESSION);
  memory.addDevice({ deviceId: SESSION.deviceId, userId: SESSION.userId, usedMs: 1 });
  for (const name of ["parley.names", "parley.draft.ada.g:one", "parley.preferences", "other"])
    browser.setItem(name, "1");
  memory.forgetEverything();
  const left = keysOf(browser, "");
  memory.removeDevice(SESSION.deviceId);
  deepEqual(
    [left, keysOf(browser, "")],
    [
      ["parley.devices", "parley.preferences", "other"],
      ["parley.preferences", "other"],
    ],
  );
});

test("devices are shared by the tabs of a browser", () => {
  const browser = memoryStorage();
  const one = new SignInMemory(memoryStorage(), browser);
  const other = new SignInMemory(memoryStorage(), browser);
  one.addDevice({ deviceId: SESSION.deviceId, userId: SESSION.userId, usedMs: 1 });
  other.addDevice({ deviceId: "w-2" as DeviceId, userId: SESSION.userId, usedMs: 2 });
  other.removeDevice(SESSION.deviceId);
  deepEqual(one.devices(), [{ deviceId: "w-2", userId: "ada", usedMs: 2 }]);
});

test("what something else has stored is passed over", () => {
  const [tab, browser] = [memoryStorage(), memoryStorage()];
  const memory = new SignInMemory(tab, browser);
  const found = ["{", "[]", '{"token":1}'].map((text) => {
    tab.setItem("parley.session", text);
    browser.setItem("parley.devices", text);
    return [memory.findSession(), memory.devices()];
  });
  deepEqual(found, [
    [undefined, []],
    [undefined, []],
    [undefined, []],
  ]);
});

test("a browser that lends no storage remembers for as long as the page lives", () => {
  const storage = storageOf(() => {
    throw new Error("SecurityError");
  });
  storage.setItem("a", "1");
  const kept = storage.getItem("a");
  storage.removeItem("a");
  deepEqual([kept, storage.getItem("a")], ["1", null]);
});
