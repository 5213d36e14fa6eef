/**
 * The failure of an assertion: a bug in Parley or in its caller, never an expected condition.
 * It is not caught to carry on; it ends the process (in the web app, the request).
 */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/**
 * Throws unless `condition` is true. The message says what was expected.
 * Errors: AssertionFailure, which is a bug.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/**
 * Marks a place that the type system has shown to be out of reach, such as the default of a total switch.
 * Errors: AssertionFailure when a value comes here that the types had excluded.
 */
export function unreachable(value: never): never {
  throw new AssertionFailure(`A value that the types exclude was reached: ${describe(value)}.`);
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
