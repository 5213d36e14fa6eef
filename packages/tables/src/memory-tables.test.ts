import { MemoryTables, MemoryTableStore } from "./memory-tables.js";
import { tableConformance } from "./testing/conformance.js";

tableConformance("memory", async (clock) => {
  const store = new MemoryTableStore();
  let tables = new MemoryTables(store, clock);
  return {
    tables,
    async reopen() {
      await tables.close();
      tables = new MemoryTables(store, clock);
      return tables;
    },
    async crash() {
      store.crash();
      tables = new MemoryTables(store, clock);
      return tables;
    },
    remove: () => tables.close(),
  };
});
