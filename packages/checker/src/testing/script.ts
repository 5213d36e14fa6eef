/** A history as a list of calls, so that a test can change one of them and see what the checker says. */
import type { ConversationId, TenantId, UserId } from "@parley/protocol";
import { HistoryRecorder } from "../history/recorder.js";

type Said = Exclude<
  {
    [Name in keyof HistoryRecorder]: HistoryRecorder[Name] extends (...values: never[]) => unknown
      ? Name
      : never;
  }[keyof HistoryRecorder],
  "user" | "device" | "conversation" | "memberSet"
>;

/** Indexes are written as plain numbers: a test counts them itself. */
type Loose<T> = T extends string | boolean | undefined
  ? T
  : T extends number
    ? number
    : T extends object
      ? { readonly [Key in keyof T]: Loose<T[Key]> }
      : T;

export type Call = {
  [Name in Said]: readonly [Name, ...Loose<Parameters<HistoryRecorder[Name]>>];
}[Said];

export interface Cast {
  /** Tenant and name of each user. */
  readonly users: readonly (readonly [string, string])[];
  /** User and name of each device. */
  readonly devices: readonly (readonly [number, string])[];
  /** Tenant and id of each conversation. */
  readonly conversations: readonly (readonly [string, string])[];
  readonly memberSets: readonly (readonly number[])[];
}

export function record(
  cast: Cast,
  calls: readonly Call[],
  recorder: HistoryRecorder = new HistoryRecorder(),
): HistoryRecorder {
  const users = cast.users.map(([tenant, name]) => recorder.user(tenant as TenantId, name as UserId));
  for (const [user, name] of cast.devices) recorder.device(users[user]!, name);
  for (const [tenant, id] of cast.conversations)
    recorder.conversation(tenant as TenantId, id as ConversationId);
  for (const members of cast.memberSets) recorder.memberSet(members.map((user) => users[user]!));
  for (const [name, ...values] of calls) {
    const method = recorder[name] as (...parameters: readonly unknown[]) => unknown;
    method.apply(recorder, values);
  }
  return recorder;
}
