/** Bugs of events of modules. */
import { Event, decode, encode, isModuleEvent } from "@parley/protocol";
import { type PlantedBug, pushing, withTableMethods } from "./planting.js";

const NO_EVENT = encode(Event, {});

/** That an event was given before is forgotten when it has left memory: what is repeated is there twice. */
export const MODULE_EVENT_IS_GIVEN_TWICE: PlantedBug = {
  tables: (tables) => ({
    ...withTableMethods(tables),
    find: async (table, partition, sort) =>
      table.name.endsWith("module-event") ? undefined : tables.find(table, partition, sort),
  }),
};

/** Of events with one collapse key now and then none is shown. */
export const NEWEST_OF_A_KEY_IS_HIDDEN: PlantedBug = pushing((events, random) =>
  events.map((bytes) => {
    const key = isModuleEvent(bytes) ? decode(Event, bytes).module?.collapseKey : "";
    return key !== "" && random.isTrue(0.5) ? NO_EVENT : bytes;
  }),
);

/** Every device is taken for a phone. */
export const MODULE_EVENT_FOR_ANOTHER_KIND: PlantedBug = pushing((events) => events, "phone");
