/**
 * What a device of a user holds, wherever it holds it, in one form: a browser in its database, a client in Node in its file, one
 * without a past in memory.
 */
import { createFileStore } from "@parley/client/node";
import type { ClientStore, OutboxItem, ParleyClient, Position, Span } from "@parley/client";
import type { ConversationEntry, ConversationId, Message } from "@parley/protocol";
import type { Page } from "playwright-core";

/** In plain JSON; bytes are texts. */
export interface DeviceState {
  readonly position: Position;
  readonly entries: readonly ConversationEntry[];
  readonly outbox: readonly OutboxItem[];
  readonly spans: Readonly<Record<ConversationId, readonly Span[]>>;
  /** All that is stored, also what lies in no span and so counts for nothing. */
  readonly messages: readonly Message[];
}

/** What the database of a page holds. */
export async function stateOfPage(page: Page): Promise<DeviceState> {
  const json = await page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener("success", () => resolve(request.result));
        request.addEventListener("error", () => reject(request.error ?? new Error("not read")));
      });
    const names = (await indexedDB.databases()).map(({ name = "" }) => name);
    const database = await done(indexedDB.open(names.find((name) => name.startsWith("parley/"))!));
    const from = database.transaction(["state", "entries", "outbox", "spans", "messages"]);
    const all = (name: string): Promise<unknown[]> => done(from.objectStore(name).getAll());
    const [position, entries, outbox, spans, keys, messages] = await Promise.all([
      done(from.objectStore("state").get("position")) as Promise<unknown>,
      all("entries"),
      all("outbox"),
      all("spans"),
      done(from.objectStore("spans").getAllKeys()),
      all("messages"),
    ]);
    database.close();
    return JSON.stringify(
      {
        position,
        entries,
        outbox,
        spans: Object.fromEntries((keys as string[]).map((key, index) => [key, spans[index]])),
        messages,
      },
      (_, value: unknown) => (value instanceof Uint8Array ? `bytes ${value.join(" ")}` : value),
    );
  });
  return JSON.parse(json) as DeviceState;
}

/** What the file of a client that has stopped holds. */
export async function stateOfFile(path: string): Promise<DeviceState> {
  const store = createFileStore({ path });
  try {
    return await stateOfStore(store);
  } finally {
    await store.close();
  }
}

/** What a client without a past is told: all that its user may see. */
export async function stateOfClient(client: ParleyClient): Promise<DeviceState> {
  const entries = client.conversations();
  const messages: Message[] = [];
  const spans: Record<ConversationId, readonly Span[]> = {};
  for (const { conversationId, isMember } of entries) {
    if (!isMember) continue;
    let timeline = await client.open(conversationId);
    while (!timeline.isAtBeginning) timeline = await client.loadOlder(conversationId, 200);
    messages.push(...timeline.messages);
    spans[conversationId] = [{ first: 1, last: Number.MAX_SAFE_INTEGER }];
  }
  return plain({ position: { epoch: 0, pts: 0 }, entries, outbox: [], spans, messages });
}

/** What of a device is not as `truth` has it: nothing, when it has converged. In words, for who reads the failure. */
export function differences(device: DeviceState, truth: DeviceState): readonly string[] {
  const found: string[] = [];
  const entries = new Map(device.entries.map((entry) => [entry.conversationId, entry]));
  const expected = new Set(truth.entries.map(({ conversationId }) => conversationId));
  for (const id of entries.keys()) if (!expected.has(id)) found.push(`${id}: in the list`);
  for (const entry of truth.entries) {
    const { conversationId, title } = entry;
    const held = entries.get(conversationId);
    if (!isEqual(held, entry)) found.push(`${title} ${conversationId}: ${differing(held, entry)}`);
    // Who has left is told nothing of what was changed since.
    if (entry.isMember) found.push(...heldOtherwise(device, truth, entry));
  }
  if (device.outbox.length > 0) found.push(`${device.outbox.length} not sent`);
  return found;
}

/** How many of the newest messages of a conversation a device holds without a hole. */
export function heldAtEnd(device: DeviceState, { conversationId, lastSequence }: ConversationEntry): number {
  const span = (device.spans[conversationId] ?? []).find(({ last }) => last >= lastSequence);
  return span === undefined ? 0 : lastSequence - span.first + 1;
}

function heldOtherwise(device: DeviceState, truth: DeviceState, entry: ConversationEntry): readonly string[] {
  const { conversationId, title, firstVisible } = entry;
  const own = (state: DeviceState): readonly Message[] =>
    state.messages.filter((message) => message.conversationId === conversationId);
  const [held, expected] = [own(device), own(truth)];
  return (device.spans[conversationId] ?? []).flatMap(({ first, last }) => {
    const inSpan = (messages: readonly Message[]): ReadonlyMap<number, Message> =>
      new Map(
        messages
          .filter(({ sequence }) => sequence >= Math.max(first, firstVisible) && sequence <= last)
          .map((message) => [message.sequence, message]),
      );
    const [mine, right] = [inSpan(held), inSpan(expected)];
    return [...new Set([...mine.keys(), ...right.keys()])]
      .filter((sequence) => !isEqual(mine.get(sequence), right.get(sequence)))
      .map((sequence) => `${title} ${sequence}: ${differing(mine.get(sequence), right.get(sequence))}`);
  });
}

async function stateOfStore(store: ClientStore): Promise<DeviceState> {
  const { position, entries, outbox, spans } = await store.load();
  const messages: Message[] = [];
  for (const { conversationId } of entries)
    messages.push(...(await store.readMessages(conversationId, { first: 0, last: Number.MAX_SAFE_INTEGER })));
  return plain({ position, entries, outbox, spans: Object.fromEntries(spans), messages });
}

function plain(state: DeviceState): DeviceState {
  const json = JSON.stringify(state, (_, value: unknown) =>
    value instanceof Uint8Array ? `bytes ${value.join(" ")}` : value,
  );
  return JSON.parse(json) as DeviceState;
}

function differing(held: object | undefined, expected: object | undefined): string {
  if (held === undefined || expected === undefined) return held === undefined ? "is missing" : "is too much";
  const names = new Set([...Object.keys(held), ...Object.keys(expected)]);
  const value = (of: object, name: string): string => JSON.stringify((of as Record<string, unknown>)[name]);
  return [...names]
    .filter((name) => value(held, name) !== value(expected, name))
    .map((name) => `${name} is ${value(held, name)}, not ${value(expected, name)}`)
    .join(", ");
}

/** The order of fields does not count. */
function isEqual(one: object | undefined, other: object | undefined): boolean {
  return one !== undefined && other !== undefined && differing(one, other) === "";
}
