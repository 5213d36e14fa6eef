/** What is fetched for the first request that is about more than messages: it needs a connection in any case. */
export { CardCalls } from "./card-calls.js";
export { changeMembers, createDirect, createGroup, listUsers } from "./directory.js";
export { answerJoin, joinGroup, listJoinRequests, updateGroup, updateMember } from "./groups.js";
export { listMentions } from "./mentions.js";
export { editMessage, hideMessages, listEdits, recallMessage } from "./message-changes.js";
export { moduleTicket } from "./module-ticket.js";
export { getDoNotDisturb, setConversationNotify, setDoNotDisturb, setPushTarget } from "./notify-settings.js";
export { searchPages } from "./search-pages.js";
