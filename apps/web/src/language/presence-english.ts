/** The English words of who is there and who types. */
export const PRESENCE_ENGLISH = {
  words: { online: "Online", away: "Away", offline: "Offline" },
  seenNow: "Last seen just now",
  seenMinutes: (count: number): string => `Last seen ${count} min ago`,
  seenHours: (count: number): string => `Last seen ${count} h ago`,
  seenAt: (time: string): string => `Last seen: ${time}`,
  typesOne: (name: string): string => `${name} is typing…`,
  typeTwo: (one: string, other: string): string => `${one} and ${other} are typing…`,
  typeMany: (count: number): string => `${count} people are typing…`,
};
