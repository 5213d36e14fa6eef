import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Body, filled, locationBody, type MediaBody, type MediaId, textBody } from "@parley/protocol";
import { bodyWords } from "./body-words.js";
import { CHINESE } from "./chinese.js";
import { ENGLISH } from "./english.js";

function fileWith(part: Partial<MediaBody>): Body {
  const media: MediaBody = {
    mediaId: "0".repeat(32) as MediaId,
    kind: "image",
    type: "image/png",
    name: "a.png",
    bytes: 1,
    width: 1,
    height: 1,
    durationMs: 0,
    hasThumbnail: true,
    caption: "",
  };
  return filled(Body, { media: { ...media, ...part } });
}

test("a file is said as what it is, with its words or its name", () => {
  const bodies = [
    fileWith({}),
    fileWith({ caption: "the sea" }),
    fileWith({ kind: "video", type: "video/mp4" }),
    fileWith({ kind: "audio", type: "audio/wav" }),
    fileWith({ kind: "file", name: "plan.pdf" }),
    fileWith({ type: "image/svg+xml", name: "a.svg" }),
    textBody("hi"),
    filled(Body, { location: locationBody({ latitude: 1, longitude: 1, name: "" }) }),
    filled(Body, { custom: { type: "x", payload: new Uint8Array(0), fallbackText: "" } }),
    filled(Body, {}),
  ];
  deepEqual(
    [ENGLISH, CHINESE].map((strings) => bodies.map((body) => bodyWords(body, strings))),
    [
      [
        "Photo",
        "Photo: the sea",
        "Video",
        "Audio",
        "File: plan.pdf",
        "File: a.svg",
        "hi",
        "A place",
        "A message",
        "This version cannot show this message.",
      ],
      [
        "图片",
        "[图片] the sea",
        "视频",
        "音频",
        "[文件] plan.pdf",
        "[文件] a.svg",
        "hi",
        "位置",
        "一条消息",
        "此版本无法显示这条消息。",
      ],
    ],
  );
});
