/** What is fetched when somebody first looks into the contents of held messages: to search them, or to forward them. */
export { forwardsFrom } from "./forwarding.js";
export { searchHeld } from "./local-searching.js";
