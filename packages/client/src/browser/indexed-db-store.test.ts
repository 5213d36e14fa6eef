// oxlint-disable-next-line import/no-unassigned-import -- Its import is what makes the browser's globals.
import "fake-indexeddb/auto";
import { testClientStore } from "../testing/store-conformance.js";
import { createIndexedDbStore } from "./indexed-db-store.js";

testClientStore("IndexedDB store", { create: createIndexedDbStore });
