/** What a user is notified of, as a device sets it and hears of it. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { DoNotDisturb, emptyEntry, filled, NEVER_MS } from "@parley/protocol";
import { createClientBench, GROUP } from "../testing/client-bench.js";
import { conversationNotify } from "./notify.js";

const QUIET = filled(DoNotDisturb, { isOn: true, timeZone: "Europe/Berlin", letsMentionsThrough: true });

test("a conversation is set in parts, and its entry says how it stands", async () => {
  const { client, server, time, begin, sync } = createClientBench();
  await begin();
  const { notify } = client;
  const before = notify.conversation(GROUP);

  await time.run(notify.setConversation(GROUP, { isMuted: false }));
  await time.run(notify.setConversation(GROUP, { level: "mentions" }));
  await sync();
  await time.run(notify.setConversation(GROUP, { isMuted: true }));
  await sync();
  const muted = notify.conversation(GROUP);
  await time.run(notify.setConversation(GROUP, { isMuted: false }));
  await sync();

  deepEqual(
    {
      before,
      muted,
      after: notify.conversation(GROUP),
      asked: server.framesOf("setNotify").map(({ level, mutedUntilMs }) => [level, mutedUntilMs]),
    },
    {
      before: { level: "all", mutedUntilMs: 0 },
      muted: { level: "mentions", mutedUntilMs: NEVER_MS },
      after: { level: "mentions", mutedUntilMs: 0 },
      // What was never set is not set by muting.
      asked: [
        ["", 0],
        ["mentions", 0],
        ["mentions", NEVER_MS],
        ["mentions", 0],
      ],
    },
  );
});

test("where nobody set a level it is everything, and mentions in a large group", () => {
  const of = (isShared: boolean, notifyLevel: string): string =>
    conversationNotify({ ...emptyEntry(GROUP), isShared, notifyLevel }).level;

  deepEqual(
    [of(false, ""), of(true, ""), of(true, "all"), of(true, "none"), of(true, "a newer one")],
    ["all", "mentions", "all", "none", "all"],
  );
});

test("do-not-disturb is told by an event, makes no conversation, and is fetched", async () => {
  const { client, world, time, begin, sync } = createClientBench();
  await begin();
  const told: DoNotDisturb[] = [];
  client.on("notifySettings", ({ doNotDisturb }) => told.push(doNotDisturb));
  const before = await time.run(client.notify.getDoNotDisturb());

  await time.run(client.notify.setDoNotDisturb(QUIET));
  await sync();
  world.push({ settings: { ...world.events.at(-1)!.settings!, doNotDisturb: { ...QUIET, isOn: false } } });
  await sync();

  deepEqual(
    {
      before,
      told,
      fetched: await time.run(client.notify.getDoNotDisturb()),
      conversations: client.conversations().map(({ conversationId }) => conversationId),
    },
    {
      before: undefined,
      told: [QUIET, { ...QUIET, isOn: false }],
      fetched: { ...QUIET, isOn: false },
      conversations: [GROUP],
    },
  );
});

test("a push target is named, replaced and taken away", async () => {
  const { client, server, time, begin } = createClientBench();
  await begin();
  const subscription = {
    endpoint: "https://push.example/1",
    publicKey: Uint8Array.of(4),
    authSecret: Uint8Array.of(5),
  };

  await time.run(client.notify.setPushTarget({ channel: "web-push", subscription }));
  await time.run(client.notify.setPushTarget({ channel: "fcm", appId: "app", token: "t" }));
  await time.run(client.notify.setPushTarget(undefined));

  deepEqual(
    server.framesOf("setPushTarget").map((target) => ({ ...target, requestId: 0 })),
    [
      { requestId: 0, channel: "web-push", appId: "", token: "", ...subscription },
      {
        requestId: 0,
        channel: "fcm",
        appId: "app",
        token: "t",
        endpoint: "",
        publicKey: new Uint8Array(0),
        authSecret: new Uint8Array(0),
      },
      {
        requestId: 0,
        channel: "",
        appId: "",
        token: "",
        endpoint: "",
        publicKey: new Uint8Array(0),
        authSecret: new Uint8Array(0),
      },
    ],
  );
});
