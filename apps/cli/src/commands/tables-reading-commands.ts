/** `parley tables list`, `scan` and `get`: what is stored, as the services see it. */
import { Failure } from "@parley/base";
import { type KnownTable, type RowView, TABLES, findTable, isKey, keyProblem, shapeOf } from "@parley/server";
import { type Arguments, INSTALLATION_OPTIONS, parseCount, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { noArguments } from "./user-commands.js";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000_000_000;

type KeyFields = KnownTable["sort"];
type Key = RowView["sort"];

const { data, json, ...KEY_OPTIONS } = INSTALLATION_OPTIONS;
const { tenant: _tenant, ...MASTER_KEYS } = KEY_OPTIONS;
/** As of every command on an installation, without the organisation: tables hold the rows of all. */
export const TABLES_OPTIONS = { data, ...MASTER_KEYS, json } as const;
const ROW_OPTIONS = {
  ...TABLES_OPTIONS,
  json: { type: "boolean", help: "print each row as one line of JSON" },
  raw: { type: "boolean", help: "values as they are, in base64, and hashes of passwords and tokens too" },
} as const;

export const tablesListCommand: Command = {
  usage: "tables list",
  summary: "name the tables, and what is declared of them",
  options: { json },
  run(args, context) {
    noArguments(args);
    const tables = TABLES.map(({ spec, partition, sort }) => ({
      table: spec.name,
      partition: shapeOf(partition),
      sort: shapeOf(sort),
      isPacked: spec.isPacked === true,
      hasExpiry: spec.hasExpiry === true,
      owner: spec.keyOwner ?? "tenant",
      indexes: (spec.indexes ?? []).map(({ name }) => name),
    }));
    const width = Math.max(...tables.map(({ table }) => table.length));
    const lines = tables.map(({ table, partition, sort, isPacked, hasExpiry, owner, indexes }) => {
      const features = [
        `sealed for the ${owner}`,
        ...(isPacked ? ["packed"] : []),
        ...(hasExpiry ? ["expires"] : []),
        ...indexes.map((index) => `index ${index}`),
      ];
      return `${table.padEnd(width)}  ${partition} ${sort}  ${features.join(", ")}`;
    });
    print(args, context, { tables }, lines);
    return Promise.resolve(0);
  },
};

export const tablesScanCommand: Command = {
  usage: "tables scan <table>",
  summary: "show the rows of a table, in the order of their keys",
  options: {
    ...ROW_OPTIONS,
    partition: { type: "string", value: "JSON", help: 'only this partition, such as ["main","ann"]' },
    from: {
      type: "string",
      value: "JSON",
      help: "with --partition: from this sort key on, or its beginning",
    },
    limit: { type: "string", value: "N", help: `at most so many rows (default ${LIMIT_DEFAULT})` },
  },
  async run(args, context) {
    const [name, ...others] = args.positionals;
    const { spec, partition: partitionFields, sort } = knownTable(name);
    if (others.length > 0) throw usage(`Unexpected ${others[0]}`);
    const partition = optionalKey("--partition", args.text("partition"), partitionFields, true);
    const from = optionalKey("--from", args.text("from"), sort, false);
    if (from !== undefined && partition === undefined) throw usage("--from needs --partition");
    const limit = parseCount("--limit", args.text("limit") ?? String(LIMIT_DEFAULT), LIMIT_MAX);
    const request = {
      table: spec.name,
      isRaw: args.flag("raw"),
      ...(partition === undefined ? {} : { partition }),
      ...(from === undefined ? {} : { from }),
    };
    await withInstallation(args, context, async ({ installation: { operations } }) => {
      let shown = 0;
      for (let after = {}; shown < limit;) {
        const { rows, next } = await operations.scanRows({ ...request, ...after, limit: limit - shown });
        for (const row of rows) printRow(args, context, row);
        shown += rows.length;
        if (next === null) return;
        after = { after: next };
      }
      // Not part of the result.
      context.terminal.err(`parley: ${limit} rows shown; --limit N shows more.\n`);
    });
    return 0;
  },
};

export const tablesGetCommand: Command = {
  usage: "tables get <table> <partition> <sort>",
  summary: 'show one row; keys are JSON, such as ["main","g:x"] and [7]',
  options: ROW_OPTIONS,
  async run(args, context) {
    const [name, partitionText, sortText, ...others] = args.positionals;
    const table = knownTable(name);
    if (others.length > 0) throw usage(`Unexpected ${others[0]}`);
    const partition = parseKey("The partition key", partitionText ?? "", table.partition, true);
    const sort = parseKey("The sort key", sortText ?? "", table.sort, true);
    const request = { table: table.spec.name, partition, sort, isRaw: args.flag("raw") };
    const row = await withInstallation(args, context, ({ installation }) =>
      installation.operations.getRow(request),
    );
    if (row === null) {
      throw new Failure("row-unknown", `The table ${table.spec.name} has no such row.`, {
        retry: "after-change",
      });
    }
    printRow(args, context, row);
    return 0;
  },
};

/** Errors: "usage", listing what there is. */
function knownTable(name: string | undefined): KnownTable {
  const table = name === undefined ? undefined : findTable(name);
  if (table !== undefined) return table;
  const names = TABLES.map(({ spec }) => spec.name).join(", ");
  throw usage(
    name === undefined ? `Name a table: ${names}` : `There is no table ${name}. There are: ${names}`,
  );
}

function optionalKey(
  what: string,
  text: string | undefined,
  fields: KeyFields,
  isWhole: boolean,
): Key | undefined {
  return text === undefined ? undefined : parseKey(what, text, fields, isWhole);
}

function parseKey(what: string, text: string, fields: KeyFields, isWhole: boolean): Key {
  let key: unknown;
  try {
    key = JSON.parse(text);
  } catch (cause) {
    throw usage(`${what} must be JSON: ${shapeOf(fields)}`, cause);
  }
  if (!isKey(key)) throw usage(`${what} must be a list of texts and whole numbers: ${shapeOf(fields)}`);
  const problem = keyProblem(fields, key, isWhole);
  if (problem !== undefined) throw usage(`${what} ${problem}`);
  return key;
}

function printRow(args: Arguments, context: Parameters<Command["run"]>[1], row: RowView): void {
  const { partition, sort, value, problem, expiresAtMs } = row;
  const notes = [
    ...(problem === undefined ? [] : [`cannot be read: ${problem}`]),
    ...(expiresAtMs === undefined ? [] : [`expires ${new Date(expiresAtMs).toISOString()}`]),
  ];
  const note = notes.length === 0 ? "" : `  (${notes.join("; ")})`;
  print(args, context, row, [
    `${JSON.stringify(partition)} ${JSON.stringify(sort)}  ${JSON.stringify(value)}${note}`,
  ]);
}
