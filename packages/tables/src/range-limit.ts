/** The most rows one read of a range or a table may ask for. */
export const RANGE_LIMIT_MAX = 10_000;
