import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { loginUrl, parseLogin, webSocketUrl } from "./login.js";

test("the addresses follow from the base", () => {
  deepEqual(
    [
      loginUrl("http://h:1/"),
      webSocketUrl("http://h:1/"),
      webSocketUrl("https://h"),
      webSocketUrl("ws://h/x"),
    ],
    ["http://h:1/v1/login", "ws://h:1/v1/ws", "wss://h/v1/ws", "ws://h/x/v1/ws"],
  );
});

test("a login is read", () => {
  const login = { token: "t", userId: "u", deviceId: "d", expiresAtMs: 5 };
  deepEqual(parseLogin(200, JSON.stringify(login)), login);
});

test("a problem keeps its code and its retry policy", () => {
  throws(() => parseLogin(401, '{"code":"invalid-credentials","title":"No."}'), {
    code: "invalid-credentials",
    retry: "after-change",
    message: "No.",
  });
});

test("what is no answer of a server is a failure, too", () => {
  throws(() => parseLogin(502, "<html>"), { code: "unavailable" });
  throws(() => parseLogin(200, '{"token":1}'), { code: "malformed" });
});
