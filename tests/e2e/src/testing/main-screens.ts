/** The main screens of the web chat, filled with what people write in a week, and the way from one to the next. */
import { markdownBody, type ParleyClient } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { plainFile, pngFile } from "./files.js";
import { openSite } from "./link-site.js";
import { conversationIn, type WebBench } from "./web-bench.js";

export interface Look {
  readonly language: "en" | "zh";
  readonly theme: "light" | "dark";
  readonly size: "desktop" | "phone";
}

/** All of them. */
export const LOOKS: readonly Look[] = (["en", "zh"] as const).flatMap((language) =>
  (["light", "dark"] as const).flatMap((theme) =>
    (["desktop", "phone"] as const).map((size) => ({ language, theme, size })),
  ),
);

const SIZES: Readonly<Record<Look["size"], BrowserContextOptions>> = {
  desktop: { viewport: { width: 1180, height: 780 } },
  phone: { viewport: { width: 375, height: 720 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};
const WORDS = {
  en: {
    menu: /^Menu/u,
    directory: "Directory",
    myProfile: "My profile",
    searchBy: "Search by person, kind or day",
    typing: "Bob Tanaka is typing…",
    notifications: "Notifications",
    devices: "Devices",
    mentions: "Mentions",
    newConversation: "New conversation",
    members: "Members",
    actions: "Message actions",
    picture: /^Open picture/u,
    viewer: "Picture",
    edit: "Change settings",
    back: "Back to the list",
    close: "Close",
    nothing: "No message is found.",
  },
  zh: {
    menu: /^菜单/u,
    directory: "通讯录",
    myProfile: "我的资料",
    searchBy: "按发送人、类型或日期搜索",
    typing: "Bob Tanaka 正在输入…",
    notifications: "消息通知",
    devices: "设备",
    mentions: "提到我的",
    newConversation: "新建会话",
    members: "成员",
    actions: "消息操作",
    picture: /^查看图片/u,
    viewer: "图片",
    edit: "修改设置",
    back: "返回会话列表",
    close: "关闭",
    nothing: "没有找到消息。",
  },
} as const;
const TITLE = "Garden party · 花园聚会";
const PEOPLE = ["alice", "bob", "chen", "dana"] as UserId[];
const DEPARTMENTS: readonly (readonly [user: string, title: string, department: string])[] = [
  ["bob", "Head of everything that grows", "Gardens/Terraces and stairs/South"],
  ["chen", "厨师", "厨房"],
  ["dana", "", "Gardens"],
];
const STATUS = "Among the roses until noon; ask Dana if it cannot wait";
const LONG_TITLE = "The committee for everything that has a very long name and nowhere to put it";
const CARD_ACTION = "Take part";
const CARD = {
  type: "AdaptiveCard",
  version: "1.5",
  body: [
    { type: "TextBlock", text: "Who brings what?", weight: "bolder", size: "medium", wrap: true },
    {
      type: "FactSet",
      facts: [
        { title: "When", value: "Friday, 18:00" },
        { title: "Where", value: "The terrace behind the house" },
      ],
    },
    { type: "Input.Text", id: "what", label: "I bring", placeholder: "Bread, a lamp, …" },
  ],
  actions: [{ type: "Action.Execute", title: CARD_ACTION, verb: "join", style: "positive" }],
};
const SCROLL_PX = 150;
const SCROLL_STEPS_MAX = 40;
const SETTLE_MS_MAX = 8_000;
const KEY_MS = 250;

/** What the screens show. */
export interface Party {
  /** Says something that Alice has not read. */
  readonly saySomethingNew: () => Promise<void>;
  /** Bob presses a key in the field of his chat with Alice. */
  readonly type: () => void;
}

/**
 * Fills the demo: a group with answers, reactions, pictures, a card, a pin and a mention, others with long names, a direct chat with
 * a link, and a directory. The bench's server is one that may read pages of this machine.
 */
export async function fillScreens(bench: WebBench): Promise<Party> {
  const [alice, bob, chen] = [
    await bench.client("alice"),
    await bench.client("bob"),
    await bench.client("chen"),
  ];
  const groupId = await alice.createGroup({
    title: TITLE,
    userIds: PEOPLE,
    isHistoryOpen: true,
    settings: { notice: "Bring something to drink. 请自带饮料。" },
  });
  const long = await bob.createGroup({ title: LONG_TITLE, userIds: PEOPLE });
  /** The sequence of what was sent last. */
  const sent = async (client: ParleyClient): Promise<number> => {
    await client.settled(SETTLE_MS_MAX);
    return client.timeline(groupId)!.messages.at(-1)!.sequence;
  };
  for (const client of [alice, bob, chen]) await client.open(groupId);
  await bob.sendText(long, `https://example.com/${"a/path/that/does/not/end/".repeat(6)}`);
  await bob.sendText(groupId, "Shall we meet at six? The weather should hold until the evening.");
  const question = await sent(bob);
  await chen.send(groupId, { text: { text: "六点可以，我带面条和水果。" }, reply: { sequence: question } });
  const answer = await sent(chen);
  for (const [client, key] of [
    [bob, "👍"],
    [alice, "👍"],
    [alice, "🎉"],
  ] as const)
    await client.react(groupId, answer, key);
  for (const { name, mimeType, buffer } of [
    pngFile("terrace.png", { width: 800, height: 520 }, [86, 140, 120]),
    pngFile("stairs.png", { width: 300, height: 700 }, [190, 150, 90]),
    plainFile(
      "a-list-of-everything-that-somebody-has-to-bring-with-them.pdf",
      "application/pdf",
      "%PDF-1.7\n",
    ),
  ])
    await bob.sendMedia(groupId, { name, type: mimeType, content: buffer }).message;
  await alice.send(
    groupId,
    markdownBody("## The plan\n- tables by **five**\n- music by *seven*\n\n`parley serve`"),
  );
  await alice.pin(groupId, await sent(alice));
  await bob.sendCard(groupId, CARD);
  const names = [{ label: "Alice Moreau", userId: "alice" as UserId }];
  await chen.send(groupId, markdownBody("@Alice Moreau could you ask the neighbours?", names));
  await chen.settled(SETTLE_MS_MAX);
  await alice.sendText(groupId, "I have asked them. They come, too.");
  alice.markRead(groupId, await sent(alice));
  const direct = await fillPeople(bench, bob);
  return {
    type: () => bob.presence.typing(direct),
    saySomethingNew: async () => {
      await bob.sendText(groupId, "Who has a long table?");
      await bob.sendText(groupId, "Ours is only for four.");
      await bob.settled(SETTLE_MS_MAX);
    },
  };
}

/** Who works where, what Bob says of now and to Alice. Returns their direct chat. */
async function fillPeople(bench: WebBench, bob: ParleyClient): Promise<ConversationId> {
  for (const [userId, title, department] of DEPARTMENTS)
    await bench.server.operations.setDetails({
      tenant: "main",
      userId,
      title,
      department,
    });
  const { buffer } = pngFile("bob.png", { width: 128, height: 128 }, [150, 90, 120]);
  await bob.setPicture(buffer);
  await bob.setStatusText(STATUS);
  const site = await openSite();
  bench.atEnd(site.close);
  const direct = await bob.createDirect("alice" as UserId);
  await bob.sendText(direct, `Have you seen this? ${site.url}`);
  await bob.settled(SETTLE_MS_MAX);
  return direct;
}

/** Opens the chat as Alice in this look and goes through its screens, with a call for each. */
export async function walkScreens(
  bench: WebBench,
  party: Party,
  look: Look,
  visit: (page: Page, screen: string) => Promise<void>,
): Promise<void> {
  const context = await bench.browser({ colorScheme: look.theme, ...SIZES[look.size] });
  await context.addInitScript(
    (preferences) => {
      // An empty page has no storage.
      if (location.protocol === "http:")
        localStorage.setItem("parley.preferences", JSON.stringify(preferences));
    },
    { language: look.language, theme: look.theme },
  );
  await party.saySomethingNew();
  const page = await bench.tab(context);
  const walk = new Walk(page, look, (screen) => visit(page, screen));
  await walk.signIn();
  await walk.list();
  await walk.people();
  await walk.conversation();
  await walk.direct(party);
  await context.close();
}

class Walk {
  readonly #page: Page;
  readonly #words: (typeof WORDS)[Look["language"]];
  readonly #visit: (screen: string) => Promise<void>;

  constructor(page: Page, look: Look, visit: (screen: string) => Promise<void>) {
    this.#page = page;
    this.#words = WORDS[look.language];
    this.#visit = visit;
  }

  async signIn(): Promise<void> {
    const alice = this.#page.getByRole("button", { name: "Alice" });
    await alice.waitFor();
    await this.#visit("sign-in");
    await alice.click();
    await conversationIn(this.#page, "Garden").waitFor();
  }

  /** The list, what is opened from above it, and what is looked for in it. */
  async list(): Promise<void> {
    const [page, words] = [this.#page, this.#words];
    await this.#visit("list");
    await this.#button(words.menu).click();
    await page.getByRole("dialog").waitFor();
    await this.#visit("menu");
    await page.keyboard.press("Escape");
    for (const [name, screen] of [
      [words.notifications, "do-not-disturb"],
      [words.devices, "devices"],
    ] as const) {
      await this.#choose(name);
      await this.#dialog(screen);
    }
    await this.#button(words.mentions).click();
    await page.getByRole("dialog").getByText("neighbours").waitFor();
    await this.#dialog("mentions");
    await this.#button(words.newConversation).click();
    await page.getByRole("dialog").getByRole("searchbox").fill("d");
    await page.getByRole("dialog").getByText("Dana Okafor").waitFor();
    await page.getByRole("dialog").getByText("Erik Lindqvist").waitFor({ state: "hidden" });
    await this.#dialog("new-conversation");
    const field = page.getByRole("searchbox");
    await field.fill("table");
    await page.getByRole("navigation").locator("mark").first().waitFor();
    await this.#visit("search");
    await field.fill("qqqq");
    await page.getByText(words.nothing).waitFor();
    await this.#visit("search-nothing");
    await field.fill("");
    await this.#button(words.searchBy).click();
    await page.getByRole("navigation").getByRole("combobox").first().waitFor();
    await this.#visit("search-filters");
    await this.#button(words.searchBy).click();
  }

  /** The directory, somebody in it, and one's own profile. */
  async people(): Promise<void> {
    const [page, words] = [this.#page, this.#words];
    const dialog = page.getByRole("dialog");
    await this.#choose(words.directory);
    const department = dialog.getByRole("button", { name: /^Gardens/u });
    await department.waitFor();
    await this.#visit("directory");
    await department.click();
    await dialog.getByRole("button", { name: /^Terraces/u }).click();
    await dialog.getByRole("button", { name: /^South/u }).click();
    await dialog.getByRole("button", { name: /^Bob/u }).waitFor();
    await this.#visit("directory-department");
    await dialog.getByRole("button", { name: /^Bob/u }).click();
    await dialog.getByText(STATUS).waitFor();
    await this.#visit("profile");
    await this.#close(dialog.filter({ hasText: STATUS }));
    await this.#close();
    await this.#choose(words.myProfile);
    await dialog.getByRole("textbox").waitFor();
    await this.#dialog("my-profile");
  }

  /** A chat with one person, who types and has sent a link. */
  async direct({ type }: Party): Promise<void> {
    const page = this.#page;
    const back = page.getByRole("main").getByRole("button", { name: this.#words.back, exact: true });
    if (await back.isVisible()) await back.click();
    await conversationIn(page, "Bob").click();
    await page
      .getByRole("log")
      .getByRole("link", { name: /Coast News/u })
      .waitFor();
    await page.getByRole("main").getByText(STATUS).waitFor();
    const typing = setInterval(type, KEY_MS);
    try {
      await page.getByRole("main").getByText(this.#words.typing).waitFor();
      await this.#visit("direct");
    } finally {
      clearInterval(typing);
    }
  }

  /** The group, its panels, and its pictures. */
  async conversation(): Promise<void> {
    const [page, words] = [this.#page, this.#words];
    await conversationIn(page, "Garden").click();
    const log = page.getByRole("log");
    await log.getByText("Ours is only for four.").last().waitFor();
    await log.getByRole("button", { name: CARD_ACTION }).waitFor();
    await this.#visit("conversation");
    const picture = log.getByRole("button", { name: words.picture });
    await this.#scrollUpTo(picture.first());
    await picture.locator("img").first().waitFor();
    await this.#visit("conversation-pictures");
    await picture.first().click();
    await page.getByRole("dialog", { name: words.viewer }).locator("img").first().waitFor();
    await this.#dialog("viewer");
    const field = page.getByRole("main").locator("textarea");
    await field.pressSequentially("see @");
    await page.getByRole("option").first().waitFor();
    await this.#visit("mention-completion");
    await page.keyboard.press("Escape");
    await field.fill("");
    await this.#message("message-menu");
    await this.#button(words.members).click();
    await page.getByRole("dialog").getByText("Bob Tanaka").waitFor();
    await this.#visit("group-panel");
    await page.getByRole("dialog").getByRole("button", { name: words.edit }).click();
    await page.getByRole("dialog").getByRole("combobox").first().waitFor();
    await this.#visit("group-settings");
    // Back in the panel.
    await this.#close();
    await page.getByRole("dialog").getByText("Bob Tanaka").waitFor();
    await this.#close();
    await page.getByRole("main").getByRole("button", { name: words.notifications, exact: true }).click();
    await this.#dialog("conversation-notifications");
  }

  #button(name: string | RegExp): Locator {
    return this.#page.getByRole("button", { name, exact: true }).first();
  }

  /** As a reader does it: what is far off the screen is not in the page. */
  async #scrollUpTo(place: Locator): Promise<void> {
    await this.#page.getByRole("log").hover();
    for (let step = 0; step < SCROLL_STEPS_MAX; step++) {
      const box = (await place.count()) === 0 ? null : await place.boundingBox();
      if (box !== null && box.y > SCROLL_PX) return;
      await this.#page.mouse.wheel(0, -SCROLL_PX);
      await this.#page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    }
  }

  async #message(screen: string): Promise<void> {
    const message = this.#page.getByRole("log").getByRole("article").last();
    await message.hover();
    await message.getByRole("button", { name: this.#words.actions }).click();
    await this.#page.getByRole("menuitem").first().waitFor();
    await this.#visit(screen);
    await this.#page.keyboard.press("Escape");
  }

  /** An entry of the account menu. */
  async #choose(name: string): Promise<void> {
    await this.#button(this.#words.menu).click();
    await this.#page.getByRole("dialog").getByRole("button", { name }).click();
  }

  async #close(dialog = this.#page.getByRole("dialog")): Promise<void> {
    await dialog.getByRole("button", { name: this.#words.close, exact: true }).click();
  }

  /** Visits what has been opened, and closes it. */
  async #dialog(screen: string): Promise<void> {
    const dialog = this.#page.getByRole("dialog");
    await dialog.waitFor();
    await this.#visit(screen);
    await this.#close();
    await dialog.waitFor({ state: "hidden" });
  }
}
