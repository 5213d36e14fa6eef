/** Campaigns: what a system account sends to everybody, and how far it is. */
import { type Infer, type UserId, Body, bool, nested, schema, string, strings, uint } from "@parley/protocol";
import type { TableSpec } from "@parley/tables";

/** Partition (tenant), sort (campaign): CampaignRow. */
export const CAMPAIGN: TableSpec = { name: "campaign" };

export const CampaignRow = schema("CampaignRow", {
  senderId: string<UserId>(1),
  body: nested(2, Body),
  /** To these, in this order; none: to everybody, by user id. */
  userIds: strings<UserId>(3),
  /** The last user that it was sent to, or that refused it; empty at first. */
  cursor: string<UserId>(4),
  /** "running", "done" or "cancelled". */
  state: string<"running" | "done" | "cancelled">(5),
  sent: uint(6),
  /** Users that could not be sent to, such as the sender itself and those that are gone. */
  skipped: uint(7),
  createdMs: uint(8),
  updatedMs: uint(9),
  isForAll: bool(10),
});
export type CampaignRow = Infer<typeof CampaignRow>;
