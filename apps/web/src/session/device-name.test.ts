import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { deviceNameOf } from "./device-name.js";

test("a device is called by its browser and system", () => {
  const agents = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Android 16; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0",
    "something else",
  ];
  deepEqual(agents.map(deviceNameOf), [
    "Chrome, Linux",
    "Edge, Windows",
    "Safari, macOS",
    "Safari, iPhone",
    "Firefox, Android",
    "Browser",
  ]);
});
