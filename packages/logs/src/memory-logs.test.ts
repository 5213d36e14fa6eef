import { systemScheduler } from "@parley/base/node";
import { MemoryLog, MemoryLogStore } from "./memory-logs.js";
import { CONFORMANCE_PARTITIONS, logConformance } from "./testing/conformance.js";

logConformance("memory", async () => {
  const store = new MemoryLogStore(CONFORMANCE_PARTITIONS);
  const fixture = {
    log: new MemoryLog(store, systemScheduler),
    reopen: async (): Promise<void> => {
      await fixture.log.close();
      fixture.log = new MemoryLog(store, systemScheduler);
    },
    dispose: () => fixture.log.close(),
  };
  return fixture;
});
