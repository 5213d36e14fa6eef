/** What keeps me from writing in a group, as far as this device knows; the server decides. */
import type { Group } from "@parley/client";

export type Silence =
  | { readonly kind: "role" }
  /** `untilMs` may be a time that never comes. */
  | { readonly kind: "muted"; readonly untilMs: number };

/** Undefined: I may write. */
export function silenceOf({ info, self, scenario }: Group, nowMs: number): Silence | undefined {
  const { postBy = "", mutedUntilMs = 0 } = info.settings ?? {};
  const isStaff = self.role === "owner" || self.role === "admin";
  const isOutside = (postBy === "admins" && !isStaff) || (postBy === "owner" && self.role !== "owner");
  const role = scenario?.roles.find(({ name }) => name === self.scenarioRole);
  if (isOutside || role?.denied.includes("post") === true) return { kind: "role" };
  const untilMs = isStaff ? self.mutedUntilMs : Math.max(self.mutedUntilMs, mutedUntilMs);
  return untilMs > nowMs ? { kind: "muted", untilMs } : undefined;
}
