/** The hooks on a page, over a real client and the scripted server. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type ClientBench, createClientBench, GROUP, GROUP_2, OTHER, SELF } from "@parley/client/testing";
import { type ConversationEntry, type ConversationId, filled, Member, MembersEvent } from "@parley/protocol";
import { createElement, type FunctionComponent, type ReactElement, StrictMode } from "react";
import {
  ParleyProvider,
  useConnection,
  useConversation,
  useConversations,
  useMembers,
  useParley,
  usePresence,
  useSend,
  useTimeline,
  useTypists,
  useUnread,
} from "./index.js";
import { show, type Shown } from "./testing/page.js";

/** Shows components below a provider, of a client that is up to date. */
async function withPage(
  components: readonly FunctionComponent[],
  run: (
    bench: ClientBench,
    page: Shown,
    render: (shown: readonly FunctionComponent[]) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const bench = createClientBench();
  bench.world.join(GROUP_2);
  await bench.begin();
  const below = (shown: readonly FunctionComponent[]): ReactElement =>
    createElement(
      StrictMode,
      null,
      createElement(
        ParleyProvider,
        { client: bench.client },
        shown.map((component, index) => createElement(component, { key: component.name + index })),
      ),
    );
  const page = await show(below(components));
  const settle = async (): Promise<void> => page.act(async () => bench.time.advance(1));
  await settle();
  await run(bench, page, async (shown) => {
    await page.render(below(shown));
    await settle();
  });
  await page.close();
  await bench.time.run(bench.client.stop());
}

function texts(conversationId: ConversationId): FunctionComponent {
  return function Texts() {
    const { timeline, isLoading, failure } = useTimeline(conversationId);
    const said = [...(timeline?.messages ?? []), ...(timeline?.pending ?? [])].map(
      (one) => one.body?.text?.text,
    );
    return [isLoading ? "loading " : "", failure === undefined ? "" : "failed ", said.join(",")];
  };
}

test("a component shows the connection as it is", async () => {
  const Connection: FunctionComponent = () => useConnection().state;
  await withPage([Connection], async ({ server, time }, page) => {
    const before = page.text();
    server.isReachable = false;
    await page.act(async () => {
      server.cut();
      await time.settle();
    });
    deepEqual([before, page.text() === "live"], ["live", false]);
    server.isReachable = true;
    await page.act(async () => time.advance(60_000));
    equal(page.text(), "live");
  });
});

test("the list, an entry of it and what is unread follow every message", async () => {
  const List: FunctionComponent = () =>
    useConversations()
      .map(({ conversationId }) => conversationId)
      .join(",");
  const Entry: FunctionComponent = () => ` ${useConversation(GROUP)?.lastSequence ?? "none"} `;
  const Missing: FunctionComponent = () =>
    `${useConversation("g:none" as ConversationId)?.unread ?? "none"} `;
  const All: FunctionComponent = () => JSON.stringify(Object.values(useUnread()));
  const One: FunctionComponent = () => JSON.stringify(Object.values(useUnread(GROUP_2)));
  await withPage([List, Entry, Missing, All, One], async ({ world, sync }, page) => {
    const before = page.text();
    await page.act(async () => {
      world.post(GROUP, OTHER, "one");
      world.post(GROUP, OTHER, "two");
      world.post(GROUP_2, OTHER, "three");
      await sync();
    });
    deepEqual(
      [before.split(" ").slice(1), page.text()],
      [["0", "none", "[0,0,0][0,0,0]"], "g:two,g:one 2 none [3,2,0][1,1,0]"],
    );
  });
});

test("a component with a selector is rendered when what it selects changes, and not otherwise", async () => {
  const rendered = { names: 0, counts: 0, all: 0 };
  const Names: FunctionComponent = () => {
    rendered.names += 1;
    // Another function and another array in each rendering.
    return useConversations(
      (entries) => entries.map(({ conversationId }) => conversationId).toSorted(),
      (one, other) => String(one) === String(other),
    ).join(",");
  };
  const Count: FunctionComponent = () => {
    rendered.counts += 1;
    return String(useConversations(countOf));
  };
  const All: FunctionComponent = () => {
    rendered.all += 1;
    return String(useConversations().length);
  };
  await withPage([Names, Count, All], async ({ world, sync }, page) => {
    const before = { ...rendered };
    for (const text of ["one", "two", "three"])
      await page.act(async () => {
        world.post(GROUP, OTHER, text);
        await sync();
      });
    ok(rendered.all > before.all, "the list itself changed");
    deepEqual(
      [rendered.names - before.names, rendered.counts - before.counts, page.text()],
      [0, 0, "g:one,g:two22"],
    );
    await page.act(async () => {
      world.join("g:three" as ConversationId);
      await sync();
    });
    equal(page.text(), "g:one,g:three,g:two33");
  });
});

test("a timeline opens with its component, follows, and closes with the last that shows it", async () => {
  const [One, Other, Second] = [texts(GROUP), texts(GROUP), texts(GROUP_2)];
  await withPage([One, Other], async ({ client, world, sync, time }, page, render) => {
    await page.act(async () => time.run(client.settled(60_000)));
    await page.act(async () => {
      world.post(GROUP, OTHER, "hello");
      await sync();
    });
    const both = page.text();
    await render([One]);
    const one = [page.text(), client.timeline(GROUP) !== undefined];
    await render([Second]);
    await page.act(async () => time.run(client.settled(60_000)));
    deepEqual(
      [both, one, client.timeline(GROUP), client.timeline(GROUP_2) !== undefined],
      ["hellohello", ["hello", true], undefined, true],
    );
    await render([]);
    equal(client.timeline(GROUP_2), undefined);
  });
});

test("a component that goes over to another conversation never shows the former one's state", async () => {
  let id: ConversationId = GROUP;
  const seen: string[] = [];
  const Texts: FunctionComponent = () => {
    const { timeline } = useTimeline(id);
    seen.push(`${id} ${timeline?.conversationId ?? "none"}`);
    return timeline?.messages.map(({ body }) => body?.text?.text).join(",") ?? "";
  };
  await withPage([Texts], async ({ client, world, sync, time }, page, render) => {
    world.post(GROUP, OTHER, "in one");
    world.post(GROUP_2, OTHER, "in two");
    await page.act(sync);
    id = GROUP_2;
    await render([Texts]);
    await page.act(async () => time.run(client.settled(60_000)));
    const allowed = new Set([
      `${GROUP} none`,
      `${GROUP} ${GROUP}`,
      `${GROUP_2} none`,
      `${GROUP_2} ${GROUP_2}`,
    ]);
    deepEqual([page.text(), seen.filter((line) => !allowed.has(line))], ["in two", []]);
  });
});

test("older messages are loaded, and a failure is shown and not thrown", async () => {
  let load: (count?: number) => Promise<void> = async () => undefined;
  const Older: FunctionComponent = () => {
    const { timeline, loadOlder, failure, isLoading } = useTimeline(GROUP);
    load = loadOlder;
    return `${timeline?.messages.length} ${isLoading} ${failure === undefined}`;
  };
  await withPage([Older], async ({ client, world, server, sync, time }, page, render) => {
    await page.act(async () => {
      world.grow(GROUP, 120);
      await sync();
    });
    await render([]);
    await render([Older]);
    await page.act(async () => time.run(client.settled(60_000)));
    const first = Number(page.text().split(" ")[0]);
    await page.act(async () => time.run(load(20)));
    const more = Number(page.text().split(" ")[0]);
    server.script = () => ({ code: "internal", message: "no", retry: "never" });
    await page.act(async () => time.run(load(50)));
    deepEqual([more > first, page.text().split(" ").slice(1)], [true, ["false", "false"]]);
  });
});

test("what is sent shows at once, and is placed", async () => {
  let say: (text: string) => Promise<unknown> = async () => undefined;
  const senders = new Set<unknown>();
  const Sender: FunctionComponent = () => {
    const sending = useSend(GROUP);
    senders.add(sending.sendText);
    say = sending.sendText;
    return null;
  };
  await withPage([Sender, texts(GROUP)], async ({ client, server, time }, page) => {
    await page.act(async () => time.run(client.settled(60_000)));
    server.script = () => "ignore";
    await page.act(async () => {
      await time.run(say("hello"));
    });
    const pending = client.timeline(GROUP)?.pending.length;
    server.script = () => "handle";
    await page.act(async () => time.run(client.settled(120_000), 120_000));
    // StrictMode renders twice before anything is kept.
    ok(senders.size <= 2, "the functions are stable");
    deepEqual([pending, page.text(), client.timeline(GROUP)?.pending.length], [1, "hello", 0]);
  });
});

test("members are fetched, and asked for again when they change and when a connection comes", async () => {
  const Members: FunctionComponent = () => {
    const { members, failure } = useMembers(GROUP);
    return `${members?.map(({ userId }) => userId).join(",") ?? "none"} ${failure === undefined}`;
  };
  await withPage([], async ({ client, server, time, world, sync }, page, render) => {
    server.script = ({ name }) =>
      name === "listMembers" ? { code: "internal", message: "no", retry: "never" } : "handle";
    await render([Members]);
    await page.act(async () => time.advance(100));
    const shown = [page.text()];
    server.script = () => "handle";
    server.members = [SELF];
    await page.act(async () => {
      server.cut();
      await time.settle();
      await time.run(client.settled(60_000));
      await time.settle();
    });
    shown.push(page.text());
    server.members = [OTHER, SELF];
    await page.act(async () => {
      const changed = [filled(Member, { userId: OTHER, role: "member" })];
      world.push({
        members: filled(MembersEvent, { conversationId: GROUP, revision: 2, memberCount: 2, changed }),
      });
      await sync();
    });
    shown.push(page.text());
    deepEqual(shown, ["none false", "self true", "other,self true"]);
  });
});

test("a hook without a provider says what is missing", async () => {
  const Lost: FunctionComponent = () => useParley().state;
  await rejects(show(createElement(Lost)), /no ParleyProvider/u);
});

function countOf(entries: readonly ConversationEntry[]): number {
  return entries.length;
}

test("people are watched while they are shown, and shown as they are; so are those who type", async () => {
  const Somebody: FunctionComponent = () => usePresence(OTHER).state;
  const Typists: FunctionComponent = () => useTypists(GROUP).join(",");
  await withPage([Somebody, Typists], async ({ server, time }, page, render) => {
    const shown = [page.text()];
    await page.act(async () => time.advance(500));
    shown.push(page.text());
    await page.act(async () => {
      server.setPerson(OTHER, "away", 7);
      server.say("someoneTypes", { conversationId: GROUP, userId: OTHER });
      await time.advance(5);
    });
    shown.push(page.text());
    await render([]);
    await page.act(async () => time.advance(500));
    deepEqual(
      [shown, server.framesOf("watchPresence").map(({ userIds }) => userIds)],
      [
        ["unknown", "offline", `away${OTHER}`],
        [[OTHER], []],
      ],
    );
  });
});
