/** The English words about notifications. */
export const NOTIFY_ENGLISH = {
  title: "Notifications",
  ofConversation: "Notifications of this conversation",
  level: "Notify me of",
  levels: { all: "Every message", mentions: "Messages that mention me", none: "Nothing" },
  mute: "Mute",
  mutes: { off: "Not muted", hour: "For an hour", day: "For a day", good: "For good" },
  mutedUntil: (time: string): string => `Muted until ${time}.`,
  mutedForGood: "Muted.",
  muted: "Muted",

  quiet: "Do not disturb",
  quietLead: "On all your devices. Other people do not see it.",
  from: "From",
  until: "Until",
  days: "Days",
  dayNames: {
    mo: "Monday",
    tu: "Tuesday",
    we: "Wednesday",
    th: "Thursday",
    fr: "Friday",
    sa: "Saturday",
    su: "Sunday",
  },
  mentions: "Messages that mention me come through",
  timeZone: (name: string): string => `On a clock in ${name}.`,

  here: "Notify me in this browser when Parley is not open",
  hereDenied: "This browser does not allow it. Allow notifications of this page in its settings.",
};
