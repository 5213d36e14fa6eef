/** The limit's process: `node main.js PORT FILE synced|unsynced`. */
import { openSync } from "node:fs";
import { Relay } from "./relay.js";

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
});
process.on("SIGTERM", () => process.exit(0));
relay.server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4_096 });
