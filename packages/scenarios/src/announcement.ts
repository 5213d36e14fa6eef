/** Few say something, all read it: editors post, readers react. Whoever knows the id may read along. */
import type { InstalledScenario } from "@parley/contracts";
import { GroupSettings, Scenario, ScenarioRole, filled } from "@parley/protocol";

export const ANNOUNCEMENT: InstalledScenario = {
  declared: filled(Scenario, {
    name: "announcement",
    version: 1,
    roles: [
      filled(ScenarioRole, { name: "editor", base: "admin", addedBy: ["owner"] }),
      filled(ScenarioRole, {
        name: "reader",
        base: "member",
        addedBy: ["owner", "editor"],
        mayJoin: true,
        denied: ["post", "mention", "pin", "add", "edit", "nickname"],
      }),
    ],
    creatorRole: "editor",
    defaultRole: "reader",
    settings: filled(GroupSettings, {
      joinPolicy: "open",
      isHistoryOpen: true,
      postBy: "admins",
      addBy: "admins",
      pinBy: "admins",
    }),
    locked: ["postBy"],
  }),
};
