/**
 * Stores as earlier versions left them: what is in them must be there after any migration. Recorded once, and never made anew.
 */
import { type ConversationId, type Message, textBody } from "@parley/protocol";

export const OLD_CONVERSATION = "g:one" as ConversationId;
export const OLD_TEXTS = ["text 1", "text 2"] as const;
export const OLD_UNSENT = "not sent yet";

/** A file of the file store in format 1: an owner, a position, an entry with two messages, and one message that was not sent. */
export const FILE_FORMAT_1 = Buffer.from(
  [
    "dAAAADhmjDtbeyJraW5kIjoib3duZXIiLCJvd25lciI6eyJ1c2VySWQiOiJzZWxmIiwiZGV2aWNlSWQiOiJkZXZpY2UifX0seyJraW5kIjoicG",
    "9zaXRpb24iLCJwb3NpdGlvbiI6eyJlcG9jaCI6MywicHRzIjoxNH19XdoEAABwsowjW3sia2luZCI6InB1dC1lbnRyeSIsImVudHJ5Ijp7ImNv",
    "bnZlcnNhdGlvbklkIjoiZzpvbmUiLCJ0aXRsZSI6IiIsImZpcnN0VmlzaWJsZSI6MSwibGFzdFNlcXVlbmNlIjoyLCJyZWFkU2VxdWVuY2UiOj",
    "AsInVucmVhZCI6MCwidW5yZWFkUmFuZ2VzIjpbXSwibGFzdE1lc3NhZ2UiOm51bGwsImlzTWVtYmVyIjp0cnVlLCJ1cGRhdGVkTXMiOjAsImlz",
    "U2hhcmVkIjpmYWxzZSwidG9waWNQdHMiOjAsInVucmVhZE1lbnRpb25zIjpbXSwiaGlkZGVuQWhlYWQiOltdLCJyZWFjdGVkQWhlYWQiOltdLC",
    "Jncm91cFJldmlzaW9uIjowLCJtZW1iZXJzUmV2aXNpb24iOjB9fSx7ImtpbmQiOiJwdXQtbWVzc2FnZXMiLCJtZXNzYWdlcyI6W3siY29udmVy",
    "c2F0aW9uSWQiOiJnOm9uZSIsInNlcXVlbmNlIjoxLCJtZXNzYWdlSWQiOiJtMSIsInNlbmRlcklkIjoib3RoZXIiLCJjbGllbnRNZXNzYWdlSW",
    "QiOiIiLCJ0aW1lTXMiOjEwMDEsImJvZHkiOnsidGV4dCI6eyJ0ZXh0IjoidGV4dCAxIn0sIm5vdGljZSI6bnVsbCwicmljaCI6bnVsbCwibWVk",
    "aWEiOm51bGwsImxvY2F0aW9uIjpudWxsLCJtZXJnZWQiOm51bGwsImNhcmQiOm51bGwsInNpZ25hbCI6bnVsbCwiY3VzdG9tIjpudWxsLCJyZX",
    "BseSI6bnVsbCwibWVudGlvbnMiOm51bGwsImZvcndhcmRlZCI6bnVsbH0sImlzQ291bnRhYmxlIjp0cnVlLCJyZXZpc2lvbiI6MCwiZWRpdGVk",
    "TXMiOjAsInJlY2FsbCI6bnVsbCwiYXVkaWVuY2UiOltdLCJyZWFjdGlvbnMiOm51bGwsImNhcmRQYXJ0IjpudWxsfSx7ImNvbnZlcnNhdGlvbk",
    "lkIjoiZzpvbmUiLCJzZXF1ZW5jZSI6MiwibWVzc2FnZUlkIjoibTIiLCJzZW5kZXJJZCI6Im90aGVyIiwiY2xpZW50TWVzc2FnZUlkIjoiIiwi",
    "dGltZU1zIjoxMDAyLCJib2R5Ijp7InRleHQiOnsidGV4dCI6InRleHQgMiJ9LCJub3RpY2UiOm51bGwsInJpY2giOm51bGwsIm1lZGlhIjpudW",
    "xsLCJsb2NhdGlvbiI6bnVsbCwibWVyZ2VkIjpudWxsLCJjYXJkIjpudWxsLCJzaWduYWwiOm51bGwsImN1c3RvbSI6bnVsbCwicmVwbHkiOm51",
    "bGwsIm1lbnRpb25zIjpudWxsLCJmb3J3YXJkZWQiOm51bGx9LCJpc0NvdW50YWJsZSI6dHJ1ZSwicmV2aXNpb24iOjAsImVkaXRlZE1zIjowLC",
    "JyZWNhbGwiOm51bGwsImF1ZGllbmNlIjpbXSwicmVhY3Rpb25zIjpudWxsLCJjYXJkUGFydCI6bnVsbH1dfSx7ImtpbmQiOiJzcGFucyIsImNv",
    "bnZlcnNhdGlvbklkIjoiZzpvbmUiLCJzcGFucyI6W3siZmlyc3QiOjEsImxhc3QiOjJ9XX1djwEAAEJZCXFbeyJraW5kIjoicHV0LW91dGJveC",
    "IsIml0ZW0iOnsiY29udmVyc2F0aW9uSWQiOiJnOm9uZSIsImNsaWVudE1lc3NhZ2VJZCI6ImEiLCJib2R5Ijp7InRleHQiOnsidGV4dCI6Im5v",
    "dCBzZW50IHlldCJ9LCJub3RpY2UiOm51bGwsInJpY2giOm51bGwsIm1lZGlhIjpudWxsLCJsb2NhdGlvbiI6bnVsbCwibWVyZ2VkIjpudWxsLC",
    "JjYXJkIjpudWxsLCJzaWduYWwiOm51bGwsImN1c3RvbSI6bnVsbCwicmVwbHkiOm51bGwsIm1lbnRpb25zIjpudWxsLCJmb3J3YXJkZWQiOm51",
    "bGx9LCJhdWRpZW5jZSI6W10sImNyZWF0ZWRNcyI6NSwib3JkZXIiOjEsIm51bWJlciI6MSwiZmFpbHVyZUNvZGUiOiIifX0seyJraW5kIjoibm",
    "V4dC1udW1iZXIiLCJjb252ZXJzYXRpb25JZCI6Imc6b25lIiwibnVtYmVyIjoyfV0=",
  ].join(""),
  "base64",
);

/** The same content as the object stores of an IndexedDB of version 1: store, key, value. */
export const INDEXED_DB_1: readonly (readonly [string, string | (string | number)[], unknown])[] = [
  ["state", "owner", { userId: "self", deviceId: "device" }],
  ["state", "position", { epoch: 3, pts: 14 }],
  [
    "entries",
    OLD_CONVERSATION,
    { conversationId: OLD_CONVERSATION, lastSequence: 2, firstVisible: 1, updatedMs: 7 },
  ],
  ["spans", OLD_CONVERSATION, [{ first: 1, last: 2 }]],
  ["numbers", OLD_CONVERSATION, 2],
  ["messages", [OLD_CONVERSATION, 1], messageOf(1)],
  ["messages", [OLD_CONVERSATION, 2], messageOf(2)],
  [
    "outbox",
    [OLD_CONVERSATION, "a"],
    {
      conversationId: OLD_CONVERSATION,
      clientMessageId: "a",
      body: textBody(OLD_UNSENT),
      createdMs: 5,
      order: 1,
      number: 1,
      failureCode: "",
    },
  ],
];

function messageOf(sequence: number): Partial<Message> {
  return { conversationId: OLD_CONVERSATION, sequence, body: textBody(OLD_TEXTS[sequence - 1]!) };
}
