/** A client, its store, its server and its time, set up for a test. */
import { ManualTime, manualAmbient, RecordingLogger } from "@parley/base/testing";
import { type ConversationId, type UserId, parseConversationId, parseUserId } from "@parley/protocol";
import {
  type ClientOptions,
  type ClientStore,
  createClient,
  createMemoryStore,
  type ParleyClient,
} from "../common/index.js";
import { ScriptedServer } from "./scripted-server.js";
import { ScriptedWorld } from "./scripted-world.js";

export const SELF: UserId = parseUserId("self");
export const OTHER: UserId = parseUserId("other");
export const GROUP: ConversationId = parseConversationId("g:one");
export const GROUP_2: ConversationId = parseConversationId("g:two");

export interface ClientBench {
  readonly time: ManualTime;
  readonly world: ScriptedWorld;
  readonly server: ScriptedServer;
  readonly store: ClientStore;
  readonly client: ParleyClient;
  /** Starts the client and waits until it has settled. */
  readonly begin: () => Promise<void>;
  /** Pushes what is new and waits until the client has settled. */
  readonly sync: () => Promise<void>;
  /** Another client on the same store, as after a restart. */
  readonly restart: () => ParleyClient;
}

/** A client in a world with `GROUP` and no messages. */
export function createClientBench(
  seed = 1,
  store: ClientStore = createMemoryStore(),
  more: Pick<ClientOptions, "deviceKind" | "hasLateTimers" | "http"> = {},
): ClientBench {
  const time = new ManualTime();
  const world = new ScriptedWorld(SELF);
  world.join(GROUP);
  const server = new ScriptedServer(world, time);
  const restart = (): ParleyClient =>
    createClient({
      url: "ws://test/v1/ws",
      token: "token",
      userId: SELF,
      store,
      transport: server,
      ambient: manualAmbient(time, new RecordingLogger(), seed),
      ...more,
    });
  const client = restart();
  return {
    time,
    world,
    server,
    store,
    client,
    restart,
    begin: async () => {
      await client.start();
      await time.run(client.settled(60_000));
    },
    sync: async () => {
      server.push();
      await time.advance(1);
      await time.run(client.settled(60_000));
    },
  };
}

/** The texts that a timeline shows, pending ones last with their state. */
export function textsOf(client: ParleyClient, conversationId: ConversationId): readonly string[] {
  const timeline = client.timeline(conversationId);
  return [
    ...(timeline?.messages ?? []).map((message) => message.body?.text?.text ?? "?"),
    ...(timeline?.pending ?? []).map((item) => `${item.body.text?.text ?? "?"} (${item.state})`),
  ];
}
