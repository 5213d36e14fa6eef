/** `parley tables index …`: indexes are built by the server that needs them; these do it by hand. */
import { type Installation, TABLES, type TableJobRequest } from "@parley/server";
import { type Arguments, usage } from "../arguments.js";
import { type Command, type Context, print, withInstallation } from "../command.js";
import { runTableJob } from "../table-job.js";
import { TABLES_OPTIONS } from "./tables-reading-commands.js";
import { noArguments } from "./user-commands.js";

const ALL = TABLES.flatMap(({ spec }) =>
  (spec.indexes ?? []).map(({ name }) => ({ table: spec.name, index: name })),
);

type Name = (typeof ALL)[number];
/** What comparing an index says of it. */
interface Compared {
  readonly rows: number;
  readonly entries: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly examples: readonly {
    readonly what: string;
    readonly partition: unknown;
    readonly place: unknown;
  }[];
}

export const tablesIndexStatusCommand: Command = {
  usage: "tables index status",
  summary: "show which indexes there are, and how far they are built",
  options: TABLES_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const indexes = await withInstallation(args, context, ({ installation }) =>
      installation.operations.indexStatus({}),
    );
    const lines = indexes.map(({ table, index, phase, version, rowsDone }) => {
      const progress = phase === "readable" || phase === "absent" ? "" : `, ${rowsDone} rows done`;
      return `${index} of ${table}: ${phase}${progress}, version ${version}`;
    });
    print(args, context, { indexes }, lines);
    return 0;
  },
};

export const tablesIndexBuildCommand: Command = {
  usage: "tables index build [<table> <index>]",
  summary: "build an index, or all, and wait until it is ready",
  options: TABLES_OPTIONS,
  async run(args, context) {
    const names = namesOf(args);
    await withInstallation(args, context, async ({ installation }) => {
      for (const index of names) await work(installation, "build-index", index, context);
    });
    print(
      args,
      context,
      { built: names },
      names.map((name) => `${textOf(name)} is ready.`),
    );
    return 0;
  },
};

export const tablesIndexDropCommand: Command = {
  usage: "tables index drop <table> <index>",
  summary: "remove an index; the next start of a server builds it again",
  options: TABLES_OPTIONS,
  async run(args, context) {
    if (args.positionals.length === 0) throw unknown("Name a table and an index");
    const names = namesOf(args);
    await withInstallation(args, context, async ({ installation }) => {
      for (const index of names) await work(installation, "drop-index", index, context);
    });
    print(
      args,
      context,
      { dropped: names },
      names.map((name) => `${textOf(name)} is dropped until the next start, or until it is built.`),
    );
    return 0;
  },
};

export const tablesIndexVerifyCommand: Command = {
  usage: "tables index verify [<table> <index>]",
  summary: "compare an index, or all, with the rows both ways; exit code 1 when something is wrong",
  options: TABLES_OPTIONS,
  async run(args, context) {
    const names = namesOf(args);
    const indexes = await withInstallation(args, context, async ({ installation }) => {
      const found: (Name & Compared)[] = [];
      for (const index of names) {
        const compared = await work(installation, "verify-index", index, context);
        found.push({ ...index, ...(compared as Compared) });
      }
      return found;
    });
    const isRight = indexes.every((each) => each.missing + each.extra + each.different === 0);
    print(args, context, { isRight, indexes }, indexes.flatMap(linesOf));
    return isRight ? 0 : 1;
  },
};

function work(
  installation: Installation,
  kind: TableJobRequest["kind"],
  index: Name,
  context: Context,
): Promise<unknown> {
  return runTableJob(installation, { kind, index }, context);
}

function linesOf(compared: Name & Compared): readonly string[] {
  const { rows, entries, missing, extra, different, examples } = compared;
  const head = `${textOf(compared)}: ${rows} rows, ${entries} entries`;
  if (missing + extra + different === 0) return [`${head}, all right.`];
  return [
    `${head}; ${missing} missing, ${extra} too many, ${different} different. Drop it and build it again.`,
    ...examples.map(
      ({ what, partition, place }) => `WRONG ${what}  ${JSON.stringify(partition)} ${JSON.stringify(place)}`,
    ),
  ];
}

/** The index that is named, or all. Errors: "usage", listing what there is. */
function namesOf({ positionals }: Arguments): readonly Name[] {
  if (positionals.length === 0) return ALL;
  const [table, index, ...others] = positionals;
  if (others.length > 0) throw usage(`Unexpected ${others[0]}`);
  const name = ALL.find((each) => each.table === table && each.index === index);
  if (name === undefined) throw unknown(`There is no index ${index ?? ""} of ${table}`);
  return [name];
}

function unknown(what: string): Error {
  return usage(`${what}. There are: ${ALL.map(({ table, index }) => `${table} ${index}`).join(", ")}`);
}

function textOf({ table, index }: Name): string {
  return `The index ${index} of ${table}`;
}
