export { type Installation, prepareInstallation } from "./installation.js";
export { type Figures, runKilledBuild } from "./indexing/run-build-process.js";
export { RawClient, type RawClientClosed, type RawClientOptions } from "./load/raw-client.js";
export {
  ServerProcess,
  type ServerExit,
  type ServerProcessOptions,
  type ServerStats,
  runServer,
} from "./server-process.js";
