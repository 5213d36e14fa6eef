import type { Tables } from "../tables.js";

/** An engine of which some methods are replaced. */
export function overTables(engine: Tables, methods: Partial<Tables>): Tables {
  return {
    find: (...args) => engine.find(...args),
    findMany: (...args) => engine.findMany(...args),
    range: (query) => engine.range(query),
    scanTable: (scan) => engine.scanTable(scan),
    write: (...args) => engine.write(...args),
    appendRows: (request) => engine.appendRows(request),
    close: () => engine.close(),
    ...methods,
  };
}
