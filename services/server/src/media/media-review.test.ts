/** Reviewers read the files of what they look at: before it is said, and later; and no others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import type {
  LaterReviewer,
  ReviewedFiles,
  Reviewer,
  ReviewVerdict,
  SendRequest,
  Session,
} from "@parley/contracts";
import { Body, type ClientMessageId, MediaBody, type MediaId, filled, mediaOf } from "@parley/protocol";
import type { Parley } from "../parley.js";
import { MESSAGES, startChat, withDirectory } from "../testing/closed-installation.js";
import { uploadFile } from "../testing/upload-file.js";

const WAIT_TURNS_MAX = 1_000;

function upload(parley: Parley, session: Session, text: string): Promise<MediaId> {
  const bytes = Buffer.from(`%PDF- ${text.repeat(10_000)}`);
  return uploadFile(parley, session, { name: "holiday.txt", type: "text/plain", bytes });
}

/** What the files of a content hold, with the types that the server found. */
async function readAll(body: Body, files: ReviewedFiles): Promise<readonly string[]> {
  const found = mediaOf(body).map(async ({ mediaId }) => {
    const file = await files.find(mediaId);
    if (file === undefined) return "";
    const pieces: Uint8Array[] = [];
    for await (const piece of file.read(0, file.bytes)) pieces.push(piece);
    return `${file.type} ${Buffer.concat(pieces).toString()}`;
  });
  return Promise.all(found);
}

test("what a file holds is reviewed before it is sent and later, alone and merged, and no other file is read", async () => {
  const seen = new Set<string>();
  const strange: unknown[] = [];
  const ofOthers: { mediaId: MediaId | undefined } = { mediaId: undefined };
  const look = async (body: Body, files: ReviewedFiles): Promise<ReviewVerdict> => {
    for (const text of await readAll(body, files)) {
      seen.add(text.split(" ", 3).join(" "));
      if (text.includes("forbidden")) return { kind: "refuse", reason: "picture" };
    }
    if (ofOthers.mediaId !== undefined) strange.push(await files.find(ofOthers.mediaId));
    return { kind: "accept" };
  };
  const reviewer: Reviewer = {
    review: ({ body }, files) => (mediaOf(body).length === 0 ? { kind: "accept" } : look(body, files)),
  };
  const later: LaterReviewer = {
    async review({ body }, files) {
      const texts = await readAll(body, files);
      return texts.some((text) => text.includes("dubious")) ? "refuse" : "accept";
    },
  };
  await withDirectory(async (directory) => {
    const parley = await directory.open({ reviewer, laterReviewer: later });
    const { session, conversationId } = await startChat(parley, "main", "text");
    let number = MESSAGES;
    const send = async (what: Pick<SendRequest, "body" | "forward">): Promise<number | string> => {
      number += 1;
      const clientMessageId = `m${number}` as ClientMessageId;
      try {
        const sent = await parley.message.send(session, { conversationId, clientMessageId, number, ...what });
        return sent.sequence;
      } catch (error) {
        number -= 1;
        return failureCode(error) ?? "";
      }
    };
    const media = (mediaId: MediaId): Pick<SendRequest, "body"> => ({
      body: filled(Body, { media: filled(MediaBody, { mediaId }) }),
    });
    const refused = await send(media(await upload(parley, session, "forbidden ")));
    const fine = await send(media(await upload(parley, session, "fine ")));
    ofOthers.mediaId = await upload(parley, session, "other ");
    const doubted = await send(media(await upload(parley, session, "dubious ")));
    const forward = { conversationId, sequences: [fine, doubted] as number[], isMerged: true, title: "" };
    const merged = await send({ body: undefined, forward });
    const recalled = async (): Promise<readonly (number | undefined)[]> => {
      const page = { conversationId, before: 0, after: 0, atMs: 0, limit: 4, isForward: false };
      const { messages } = await parley.message.history(session, page);
      return messages.flatMap(({ sequence, recall }) => (recall === undefined ? [] : [sequence]));
    };
    for (let turn = 0; turn < WAIT_TURNS_MAX && (await recalled()).length < 2; turn++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(
      [refused, await recalled(), new Set(strange)],
      ["content-refused", [doubted, merged], new Set([undefined])],
    );
    assert.deepEqual(
      seen,
      new Set([
        "application/pdf %PDF- forbidden",
        "application/pdf %PDF- fine",
        "application/pdf %PDF- dubious",
      ]),
    );
    await parley.close();
  });
});
