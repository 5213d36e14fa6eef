/**
 * Goal: docs/protocol is enough to write a client. Method: one that was written from it alone signs in, gets its list,
 * sends, repeats, pages, compares digests and comes back with its position.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEMO_PASSWORD } from "@parley/server";
import { ForeignClient, fieldsOf, foreignDigest } from "./testing/foreign-client.js";
import { withServer } from "./testing/with-server.js";

interface Message {
  readonly sequence: number;
  readonly messageId: string;
  readonly clientMessageId: string;
}

test("a client written from the documents alone chats", { timeout: 30_000 }, async () => {
  await withServer(async ({ url }) => {
    const answer = await fetch(`${url}/v1/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user: "alice", password: DEMO_PASSWORD, device: "foreign" }),
    });
    const { token, deviceId } = (await answer.json()) as { token: string; deviceId: string };

    const first = new ForeignClient(url, { protocolVersion: 1, token, client: "foreign/1" });
    const welcome = await first.next();
    const rebase = await first.next();
    assert.deepEqual(
      [
        welcome.name,
        welcome.fields["userId"],
        welcome.fields["deviceId"],
        rebase.name,
        rebase.fields["reason"],
      ],
      ["Welcome", "alice", deviceId, "Rebase", "new-device"],
    );
    const epoch = rebase.fields["epoch"];
    let pts = rebase.fields["pts"] as number;

    first.send("ListConversations", { requestId: 1, limit: 2 });
    const list = await first.next();
    assert.deepEqual([list.name, (list.fields["entries"] as unknown[]).length], ["ConversationList", 2]);
    assert.notEqual(list.fields["next"], "");
    first.send("Confirm", { epoch, pts });

    const send = (requestId: number, number: number): void =>
      first.send("Send", {
        requestId,
        conversationId: "d:alice:bob",
        clientMessageId: `m-${number}`,
        number,
        body: { text: { text: `Grüße ${number}` } },
      });
    send(2, 2);
    const early = await first.next();
    assert.deepEqual(
      [early.name, early.fields["code"], early.fields["retry"], early.fields["expected"]],
      ["Refused", "too-early", "same", 1],
    );

    // The answer and the event come in any order.
    const sent: number[] = [];
    for (const number of [1, 2]) {
      send(2 + number, number);
      const frames = [await first.next(), await first.next()];
      const place = frames.find(({ name }) => name === "Sent")!.fields as unknown as Message;
      const push = frames.find(({ name }) => name === "Push")!.fields;
      const event = fieldsOf("Event", (push["events"] as Uint8Array[])[0]!)["message"] as Message;
      assert.deepEqual(
        [push["epoch"], push["firstPts"], event.sequence, event.messageId, event.clientMessageId],
        [epoch, pts + 1, place.sequence, place.messageId, `m-${number}`],
      );
      pts += 1;
      sent.push(place.sequence);
    }
    send(5, 1);
    const repeated = await first.next();
    assert.deepEqual([repeated.name, repeated.fields["sequence"]], ["Sent", sent[0]]);
    first.send("Confirm", { epoch, pts });

    first.send("GetHistory", { requestId: 6, conversationId: "d:alice:bob" });
    const page = await first.next();
    const messages = page.fields["messages"] as Message[];
    assert.deepEqual(
      messages.slice(-2).map(({ sequence }) => sequence),
      sent,
    );

    const [begin, end] = [page.fields["first"], page.fields["last"]];
    first.send("GetDigest", { requestId: 7, conversationId: "d:alice:bob", first: begin, last: end });
    const digest = await first.next();
    assert.deepEqual(
      [digest.fields["digest"], digest.fields["count"]],
      [foreignDigest(messages), messages.length],
    );
    await first.close();

    // Nothing happened meanwhile: the Pong comes with no event and no Rebase before it.
    const second = new ForeignClient(url, { protocolVersion: 1, token, epoch, pts, client: "foreign/1" });
    const again = await second.next();
    second.send("Ping", {});
    const pong = await second.next();
    assert.deepEqual([again.name, pong.name], ["Welcome", "Pong"]);

    second.send("HistoryPage", {});
    await assert.rejects(second.next(), /closed with 4502/);
  });
});
