/** The limit's process: `node main.js PORT FILE synced|unsynced`. */
import { openSync, writeFileSync } from "node:fs";
import { youngGenerationBytes } from "@parley/base/node";
import { Relay } from "./relay.js";
import { YOUNG_SUFFIX } from "./young.js";

const [port = "0", path = "", mode = ""] = process.argv.slice(2);
const relay = new Relay({
  file: openSync(path, "a"),
  isSynced: mode === "synced",
  onFatal: (error) => {
    process.stderr.write(`The limit cannot write ${path}: ${error.message}\n`);
    process.exit(1);
  },
});
process.on("SIGUSR2", () => {
  globalThis.gc?.();
  writeFileSync(`${path}${YOUNG_SUFFIX}`, String(youngGenerationBytes()));
});
process.on("SIGTERM", () => process.exit(0));
relay.server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4_096 });
