/** Options whose values are numbers. */

/** What was asked for makes no sense; the usage says what does. */
export class UsageError extends Error {}

export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Errors: a UsageError when it is no whole number of that range. */
export function integer<V extends Values>(
  values: V,
  name: keyof V & string,
  min: number,
  max: number,
): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
  }
  return value;
}

/** A whole number, or what stands for it in this scenario. Errors: as `integer`. */
export function whole<V extends Values>(
  values: V,
  name: keyof V & string,
  [min, max]: [number, number],
  fallback: number,
): number {
  return values[name] === undefined ? fallback : integer(values, name, min, max);
}
