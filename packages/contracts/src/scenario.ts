import type { MemberField, Scenario } from "@parley/protocol";

/** A kind of group that this server offers: what the machine decides by, as plain data, and what only a program can check. */
export interface InstalledScenario {
  /** A group keeps the copy that it was made with. Count its version up with every change. */
  readonly declared: Scenario;
  /**
   * What is wrong with the fields of a member of this role, in words for a developer; undefined: nothing. Asked before a
   * request is recorded, and never again: what is in the log was right when it came.
   */
  readonly checkFields?: (scenarioRole: string, fields: readonly MemberField[]) => string | undefined;
}
