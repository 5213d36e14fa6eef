/** What is fetched when a dialog is first opened: one file, for each is small and they share what they are made of. */
export { GroupDialog } from "../groups/group-dialog.js";
export { ConversationNotifyDialog } from "../notify/conversation-notify-dialog.js";
export { QuietDialog } from "../notify/quiet-dialog.js";
export { MyProfileDialog } from "../people/my-profile-dialog.js";
export { ProfileDialog } from "../people/profile-dialog.js";
export { DirectoryDialog } from "../people/directory-dialog.js";
export { DevicesDialog } from "./devices-dialog.js";
export { ForwardDialog } from "./forward-dialog.js";
export { MentionsDialog } from "./mentions-dialog.js";
export { NewConversationDialog } from "./new-conversation-dialog.js";
export { PersonDialog } from "./person-dialog.js";
