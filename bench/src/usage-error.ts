/** What was asked for on the command line is not there, or not within its range. */
export class UsageError extends Error {}

/** A whole number of an option. Errors: a UsageError when it is none, or out of range. */
export function wholeNumber(name: string, text: string, [min, max]: readonly [number, number]): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
  return value;
}
