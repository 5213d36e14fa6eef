export { type ClientBench, createClientBench, GROUP, GROUP_2, OTHER, SELF, textsOf } from "./client-bench.js";
export { type Script, ScriptedServer } from "./scripted-server.js";
export { ScriptedWorld } from "./scripted-world.js";
export { type StoreFactory, testClientStore } from "./store-conformance.js";
