/**
 * What a file is for.
 * "production" ships; "test" is a test, a benchmark or test support; "tooling" lies outside src, like a build config.
 */
export type SourceRole = "production" | "test" | "tooling";

const TEST_NAME = /\.(?:test|bench)\.[a-z]+$/;

/** Tells the role of a file from its path and the folder of its package. */
export function roleOf(path: string, folder: string): SourceRole {
  if (TEST_NAME.test(path) || path.startsWith(`${folder}/src/testing/`)) return "test";
  return path.startsWith(`${folder}/src/`) ? "production" : "tooling";
}
