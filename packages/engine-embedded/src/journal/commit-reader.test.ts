/** What follows a segment is read commit by commit, in whatever pieces it comes, sealed or not; and nothing that was changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { SimulatedDisk } from "../simulation/simulated-disk.js";
import { bytes, keyringOn, openOn, segment } from "../testing/journal-fixture.js";
import { CommitReader } from "./commit-reader.js";
import { checkSegment, parseHeader } from "./segment-copy.js";

async function written(isSealed: boolean): Promise<Buffer> {
  const disk = new SimulatedDisk();
  const { journal, alpha, beta } = await openOn(disk, isSealed ? { keyring: await keyringOn(disk) } : {});
  for (let number = 0; number < 6; number++) {
    await Promise.all([
      alpha.append(0, bytes(`a ${number}`), undefined, "main"),
      alpha.append(1, bytes(`b ${number}`), undefined, "acme"),
      beta.append(0, bytes(`c ${number}`), { producer: "alpha/0", position: number }, "main"),
    ]);
  }
  await journal.close();
  return disk.content(segment(1));
}

/** Reads a segment whose bytes come in pieces, as a standby does: what was not taken comes again. */
function readIn(content: Buffer, pieceBytes: number): CommitReader {
  const { header, length } = parseHeader(content)!;
  const reader = new CommitReader("a segment", header, length);
  for (let end = length; end < content.length;) {
    end = Math.min(content.length, end + pieceBytes);
    reader.take(content.subarray(reader.state.position, end));
  }
  return reader;
}

for (const isSealed of [false, true]) {
  const kind = isSealed ? "sealed" : "plain";

  test(`a ${kind} segment is read to its end, in pieces of any size`, async () => {
    const content = await written(isSealed);
    const whole = checkSegment(content, { path: "a segment", segment: 1, isLast: false });
    for (const pieceBytes of [1, 7, 100, content.length]) {
      const reader = readIn(content, pieceBytes);
      const { commit, position, ends } = reader.state;
      assert.deepEqual([commit, position, ends], [whole.commit, content.length, whole.ends]);
      assert.equal(reader.records, 18);
    }
  });

  test(`a flipped byte of a ${kind} segment ends the reading, before the commit that it is in`, async () => {
    const content = await written(isSealed);
    const { length } = parseHeader(content)!;
    for (let position = length; position < content.length; position++) {
      const damaged = Buffer.from(content);
      damaged[position]! ^= 0x10;
      const reader = new CommitReader("a segment", parseHeader(damaged)!.header, length);
      let code: string | undefined = "waits for more";
      try {
        reader.take(damaged.subarray(length));
      } catch (error) {
        code = failureCode(error);
      }
      assert.ok(code === "log-corrupt" || code === "waits for more", `byte ${position}`);
      assert.ok(reader.state.position <= position, `byte ${position}`);
    }
  });
}
