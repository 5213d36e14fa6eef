import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { idsOf, type Json, type KeptInput, safeAddress, safeCard, withInputs } from "./safe-card.js";

const FRAME = { type: "AdaptiveCard", version: "1.5" };
const PIXEL = "data:image/png;base64,iVBORw0KGgo=";

function drawn(card: object): unknown {
  return safeCard(JSON.stringify({ ...FRAME, ...card }));
}

test("what is no card, of another version, too deep or too much is not drawn", () => {
  let deep: object = { type: "TextBlock", text: "deep" };
  for (let level = 0; level < 40; level++) deep = { type: "Container", items: [deep] };
  const cards = [
    ["{", "[]", "null", "7"],
    [
      { type: "Other", version: "1.0" },
      { type: "AdaptiveCard", version: "2.0" },
      { type: "AdaptiveCard", version: 1.5 },
      { ...FRAME, body: [deep] },
      { ...FRAME, body: Array.from({ length: 3_000 }, () => 1) },
      FRAME,
    ].map((card) => JSON.stringify(card)),
  ].flat();
  deepEqual(
    cards.map((card) => safeCard(card) !== undefined),
    [false, false, false, false, false, false, false, false, false, true],
  );
});

test("nothing is loaded from elsewhere: pictures and films of strangers are their words", () => {
  const body = [
    {
      type: "Image",
      url: "https://tracker.example/1.png",
      altText: "A chart",
      id: "chart",
      spacing: "Large",
    },
    { type: "Image", url: "https://tracker.example/2.png" },
    { type: "Image", url: PIXEL },
    { type: "Image", url: "data:image/svg+xml;base64,PHN2Zz4=", altText: "A drawing" },
    {
      type: "Media",
      sources: [{ url: "https://a.example/film.mp4" }],
      altText: "A film",
      poster: "https://a",
    },
    { type: "ImageSet", images: [{ type: "Image", url: "https://a.example", altText: "One" }] },
    { type: "Container", backgroundImage: "https://a.example", items: [] },
  ];
  const actions = [{ type: "Action.Submit", title: "Go", iconUrl: "https://a.example" }];
  const subtle = { type: "TextBlock", isSubtle: true, wrap: true };
  deepEqual(drawn({ body, actions, backgroundImage: { url: "https://a" }, refresh: { action: {} } }), {
    ...FRAME,
    body: [
      { ...subtle, text: "A chart", id: "chart", spacing: "Large" },
      { type: "Image", url: PIXEL },
      { ...subtle, text: "A drawing" },
      { ...subtle, text: "A film" },
      { type: "Container", items: [{ ...subtle, text: "One" }] },
      { type: "Container", items: [] },
    ],
    actions: [{ type: "Action.Submit", title: "Go" }],
  });
});

test("what leads elsewhere leads to the web or to an e-mail", () => {
  const open = (url: unknown): object => ({ type: "Action.OpenUrl", title: "Open", url });
  const card = drawn({
    body: [
      {
        type: "RichTextBlock",
        inlines: [{ type: "TextRun", text: "here", selectAction: open("javascript:1") }],
      },
      { type: "Image", url: "https://a", altText: "A map", selectAction: open("https://map.example/") },
    ],
    actions: ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", 7, "https://ok.example/"].map(
      open,
    ),
    selectAction: open("file:///etc/passwd"),
  }) as Record<string, unknown>;
  deepEqual(card, {
    ...FRAME,
    body: [
      { type: "RichTextBlock", inlines: [{ type: "TextRun", text: "here" }] },
      {
        type: "Container",
        selectAction: open("https://map.example/"),
        items: [{ type: "TextBlock", text: "A map", isSubtle: true, wrap: true }],
      },
    ],
    actions: [open("https://ok.example/")],
  });
  deepEqual(["mailto:a@b.example", " javascript:1", "/relative", ""].map(safeAddress), [
    "mailto:a@b.example",
    undefined,
    undefined,
    undefined,
  ]);
});

test("what keeps a page busy or needs a list of its own is not in it", () => {
  const text = { type: "Input.Text", id: "a" };
  const choice = { type: "Input.ChoiceSet", id: "b", choices: [{ title: "One", value: "1" }] };
  const action = { type: "Action.Execute", verb: "go", data: { regex: "kept", mode: "kept" } };
  const body = [
    { ...text, regex: "(a+)+$" },
    { ...choice, style: "filtered" },
    { ...choice, style: "expanded" },
  ];
  deepEqual(drawn({ body, actions: [{ ...action, mode: "secondary" }] }), {
    ...FRAME,
    body: [text, { ...choice, style: "compact" }, { ...choice, style: "expanded" }],
    actions: [action],
  });
});

test("the ids of a card are those of its elements, and not of its data", () => {
  const card: Json = {
    ...FRAME,
    id: "card",
    body: [{ type: "Container", id: "box", items: [{ type: "Input.Text", id: "why" }] }, { id: 7 }],
    actions: [{ type: "Action.Submit", id: "go", data: { id: "data" } }],
  };
  deepEqual([...idsOf(card)], ["card", "box", "why", "go"]);
});

test("the data of an action stays as the application made it", () => {
  const data = { type: "Image", url: "https://a.example", iconUrl: "x", nested: { refresh: 1 } };
  const actions = [{ type: "Action.Execute", verb: "vote", data }];
  deepEqual(drawn({ actions }), { ...FRAME, actions });
});

test("what was put into inputs is there again where the input is the same", () => {
  const card: Json = {
    ...FRAME,
    body: [
      { type: "Input.Text", id: "why", value: "new default" },
      { type: "Container", items: [{ type: "Input.Number", id: "count" }] },
      { type: "Input.Number", id: "cleared", value: 5 },
      { type: "Input.Toggle", id: "was-text" },
      { type: "Input.Text", id: "untouched", value: "x" },
    ],
    actions: [{ type: "Action.Submit", data: { type: "Input.Text", id: "why" } }],
  };
  const kept = new Map<string, KeptInput>([
    ["why", { type: "Input.Text", value: "because" }],
    ["count", { type: "Input.Number", value: "3" }],
    ["cleared", { type: "Input.Number", value: "" }],
    ["was-text", { type: "Input.Text", value: "gone" }],
    ["not-there", { type: "Input.Text", value: "gone" }],
  ]);
  deepEqual(withInputs(card, kept), {
    ...FRAME,
    body: [
      { type: "Input.Text", id: "why", value: "because" },
      { type: "Container", items: [{ type: "Input.Number", id: "count", value: 3 }] },
      { type: "Input.Number", id: "cleared", value: undefined },
      { type: "Input.Toggle", id: "was-text" },
      { type: "Input.Text", id: "untouched", value: "x" },
    ],
    actions: [{ type: "Action.Submit", data: { type: "Input.Text", id: "why" } }],
  });
});
