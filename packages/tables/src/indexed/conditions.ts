import { Failure } from "@parley/base";
import type { Batch, Condition } from "../tables.js";
import { isSameBytes } from "./local-index.js";

/**
 * The failure of the first condition that is not met, or undefined when all are.
 * `valueOf` gives the row's value as it is just before the batch.
 */
export function unmetCondition(
  { conditions }: Batch,
  valueOf: (condition: Condition) => Uint8Array | undefined,
): Failure | undefined {
  const unmet = conditions?.find((condition) => !isMet(condition, valueOf(condition)));
  if (unmet === undefined) return undefined;
  const name = unmet.kind === "holds" ? unmet.name : unmet.kind;
  return new Failure(
    "condition-failed",
    `A row of ${unmet.table.name} does not meet the condition "${name}". Read it again and decide anew.`,
    { retry: "after-change", details: { table: unmet.table.name, condition: name } },
  );
}

function isMet(condition: Condition, value: Uint8Array | undefined): boolean {
  switch (condition.kind) {
    case "exists":
      return value !== undefined;
    case "absent":
      return value === undefined;
    case "equals":
      return value !== undefined && isSameBytes(value, condition.value);
    case "holds":
      return condition.test(value);
  }
}
