/**
 * Something small that is done often, beside something known that does about the same. A file `x.bench.ts` stands beside `x.ts`,
 * exports `benches`, and is found and measured by `npm run bench -- micro`; it measures nothing by itself.
 */
export interface MicroBench {
  /** What is done: "encode a send". With the name of the file it is unique. */
  readonly name: string;
  /** What it is compared with: "JSON.stringify". */
  readonly baseline: string;
  /** Does it so many times. What it returns is looked at, so that no compiler leaves the work out. */
  readonly run: (times: number) => unknown;
  readonly runBaseline: (times: number) => unknown;
}
