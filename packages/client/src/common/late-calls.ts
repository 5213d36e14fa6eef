/**
 * What is fetched when something is first asked for beside conversations, messages and sending. It is one file: what it shares with the
 * core stays there.
 */
export { changeMembers, createDirect, createGroup, listUsers } from "./directory.js";
export { chooseForRoom, giveUpHistory, measureStorage } from "./giving-up.js";
export {
  answerJoin,
  dissolveGroup,
  joinGroup,
  updateScenario,
  listJoinRequests,
  updateGroup,
  updateMember,
} from "./groups.js";
export { setPinned } from "./list-pins.js";
export { PresenceKeeper } from "./presence-keeper.js";
export { bookWithChanges, wholeBook } from "./member-books.js";
export { listMentions } from "./mentions.js";
export { editMessage, hideMessages, listEdits, recallMessage } from "./message-changes.js";
export { repairDamaged, repairSample } from "./repairing.js";
export { verifyNewest } from "./verify-newest.js";
export { moduleTicket } from "./module-ticket.js";
export { getDoNotDisturb, setConversationNotify, setDoNotDisturb, setPushTarget } from "./notify-settings.js";
export { PeopleCalls } from "./people-calls.js";
export { Searching } from "./searching.js";
export { forwardsFrom } from "./forwarding.js";
export { lookUp } from "./looking-up.js";
export { searchHeld } from "./local-searching.js";
export { StateCalls } from "./state-calls.js";
