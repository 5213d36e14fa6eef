import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { LinkPreview, ParleyClient } from "@parley/client";
import type { Message, MessageId } from "@parley/protocol";
import { knownPreview, notePreview, PREVIEWS_KNOWN_MAX, shownPreview } from "./shown-preview.js";

const PREVIEW: LinkPreview = {
  url: "https://www.example.com/a/caf%C3%A9.png",
  title: "",
  description: "About it",
  siteName: "",
  picture: new Uint8Array(0),
  pictureType: "",
};

test("the host stands on the card, whatever the site calls itself", () => {
  const sites = ["", "Example.com", "My Bank"].map((siteName) => shownPreview({ ...PREVIEW, siteName }).site);
  deepEqual(sites, ["example.com", "example.com", "My Bank · example.com"]);
});

test("without a title the name of the file is shown, else the host", () => {
  const titles = ["https://x.example/%ff", "https://x.example/"].map(
    (url) => shownPreview({ ...PREVIEW, url }).title,
  );
  deepEqual([shownPreview(PREVIEW).title, ...titles], ["café.png", "%ff", "x.example"]);
});

test("a picture is one that the server made", () => {
  const picture = Uint8Array.of(82, 73, 70, 70);
  deepEqual(
    ["image/webp", "image/svg+xml", ""].map(
      (pictureType) => shownPreview({ ...PREVIEW, picture, pictureType }).pictureUrl,
    ),
    ["data:image/webp;base64,UklGRg==", undefined, undefined],
  );
});

test("what is known is that of one state of a message and one client, and not without bound", () => {
  const [client, other] = [{} as ParleyClient, {} as ParleyClient];
  const message = (id: number, revision = 0): Message =>
    ({ messageId: `m${id}` as MessageId, revision }) as Message;
  notePreview(client, message(1), undefined);
  deepEqual(
    [knownPreview(client, message(1)), knownPreview(client, message(1, 1)), knownPreview(other, message(1))],
    [{ preview: undefined }, undefined, undefined],
  );
  for (let id = 2; id <= 2 * PREVIEWS_KNOWN_MAX; id++) notePreview(client, message(id), undefined);
  equal(knownPreview(client, message(1)), undefined);
});
