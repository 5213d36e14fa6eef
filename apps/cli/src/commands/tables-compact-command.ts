/** `parley tables compact`: packs what lies single, and gives back the room of what is deleted or replaced. */
import type { Compaction } from "@parley/server";
import { type Command, print, withInstallation } from "../command.js";
import { runTableJob } from "../table-job.js";
import { TABLES_OPTIONS } from "./tables-reading-commands.js";
import { noArguments } from "./user-commands.js";

const MIB = 1024 ** 2;

export const tablesCompactCommand: Command = {
  usage: "tables compact",
  summary: "pack rows into blocks, and free the room of what is deleted; while a server runs, slowly",
  options: TABLES_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const done = await withInstallation(args, context, async ({ installation }) => {
      return (await runTableJob(installation, { kind: "compact" }, context)) as Compaction;
    });
    const { bytesBefore, bytesAfter, packedRows } = done;
    const [before, after] = [bytesBefore, bytesAfter].map((bytes) => (bytes / MIB).toFixed(1));
    print(args, context, done, [`Packed ${packedRows} rows: ${before} MB before, ${after} MB after.`]);
    return 0;
  },
};
