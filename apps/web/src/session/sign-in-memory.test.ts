import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { DeviceId, UserId } from "@parley/protocol";
import { memoryStorage, storageOf } from "./browser-storage.js";
import { SignInMemory, type TabSession } from "./sign-in-memory.js";

const SESSION: TabSession = {
  token: "token",
  userId: "ada" as UserId,
  deviceId: "w-1" as DeviceId,
  expiresAtMs: 5,
};

test("a tab finds its session after a reload, until it is forgotten", () => {
  const [tab, browser] = [memoryStorage(), memoryStorage()];
  new SignInMemory(tab, browser).keepSession(SESSION);
  const reloaded = new SignInMemory(tab, browser);
  const found = reloaded.findSession();
  const otherTab = new SignInMemory(memoryStorage(), browser).findSession();
  reloaded.forgetSession();
  deepEqual([found, otherTab, reloaded.findSession()], [SESSION, undefined, undefined]);
});

test("devices are shared by the tabs of a browser", () => {
  const browser = memoryStorage();
  const one = new SignInMemory(memoryStorage(), browser);
  const other = new SignInMemory(memoryStorage(), browser);
  one.addDevice({ deviceId: SESSION.deviceId, userId: SESSION.userId, usedMs: 1 });
  other.addDevice({ deviceId: "w-2" as DeviceId, userId: SESSION.userId, usedMs: 2 });
  other.removeDevice(SESSION.deviceId);
  one.forgetTab();
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
  storage.clear();
  deepEqual([kept, storage.getItem("a")], ["1", null]);
});
