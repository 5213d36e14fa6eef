/** The dialogs that are fetched when one of them is first opened. */
import { late } from "../controls/late.js";

const load = () => import("./late-dialogs.js");

export const ConversationNotifyDialog = late(async () => (await load()).ConversationNotifyDialog);
export const DevicesDialog = late(async () => (await load()).DevicesDialog);
export const DirectoryDialog = late(async () => (await load()).DirectoryDialog);
export const ForwardDialog = late(async () => (await load()).ForwardDialog);
export const GroupDialog = late(async () => (await load()).GroupDialog);
export const MentionsDialog = late(async () => (await load()).MentionsDialog);
export const MyProfileDialog = late(async () => (await load()).MyProfileDialog);
export const NewConversationDialog = late(async () => (await load()).NewConversationDialog);
export const PersonDialog = late(async () => (await load()).PersonDialog);
export const ProfileDialog = late(async () => (await load()).ProfileDialog);
export const QuietDialog = late(async () => (await load()).QuietDialog);
