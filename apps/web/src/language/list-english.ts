/** The English words of the list of conversations. */
export const LIST_ENGLISH = {
  filter: "Show",
  filters: { all: "All", unread: "Unread", mentions: "@ Mentions", groups: "Groups", direct: "Direct" },
  nothingFiltered: "No conversation of this kind.",
  actionsOf: (title: string): string => `Actions for ${title}`,
  actions: "Conversation actions",
  pin: "Pin to top",
  unpin: "Unpin from top",
  pinned: "Pinned",
  mute: "Mute",
  unmute: "Unmute",
  markRead: "Mark as read",

  searchFilters: "Which messages",
  searchIn: "In",
  everywhere: "All conversations",
  searchOf: "From",
  anybody: "Anybody",
  fromDay: "First day",
  untilDay: "Last day",
  noFilters: "Search all messages",
};
