/** What goes wrong with what the server does by itself: see planted-bugs.ts. */
import { type PlantedBug, withTableMethods } from "./planting.js";

/** As a server that keeps in memory only what it is about to do. */
export const CAMPAIGN_ENDS_WITH_ITS_PROCESS: PlantedBug = {
  tables: (tables) => ({
    ...withTableMethods(tables),
    scanTable: async (scan) => (scan.table.name === "campaign" ? [] : tables.scanTable(scan)),
  }),
};

/** As a server that remembers in memory only whom it has to tell of what. */
export const NOTIFICATION_ENDS_WITH_ITS_PROCESS: PlantedBug = {
  tables: (tables) => ({
    ...withTableMethods(tables),
    range: async (query) => (query.table.name === "notify-pending" ? [] : tables.range(query)),
  }),
};

/** As a server that remembers only while it runs who asked for everything. */
export const EVERYTHING_IS_FORGOTTEN: PlantedBug = {
  tables: (tables) => ({
    ...withTableMethods(tables),
    range: async (query) => (query.table.name === "notify-everything" ? [] : tables.range(query)),
  }),
};

/** As a server that acknowledges what it does not do. */
export const MUTE_IS_LOST: PlantedBug = {
  calls: (calls) => ({
    ...calls,
    notify: {
      doNotDisturb: (session) => calls.notify.doNotDisturb(session),
      setPushTarget: (session, target) => calls.notify.setPushTarget(session, target),
      setNotify: async (session, change) => {
        const isMute = "level" in change && change.level === "none";
        if (!isMute) await calls.notify.setNotify(session, change);
      },
    },
  }),
};

export const LATER_REVIEW_ENDS_WITH_ITS_PROCESS: PlantedBug = {
  tables: (tables) => ({
    ...withTableMethods(tables),
    range: async (query) => (query.table.name === "review-pending" ? [] : tables.range(query)),
  }),
};
