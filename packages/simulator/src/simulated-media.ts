/** Files in the server of a run: small parts on the simulated disk, looked after now and then, and read when all is well again. */
import { type BlobStore, keyringSeals } from "@parley/blobs";
import { failureCode, messageOf, sleep } from "@parley/base";
import type { MediaCalls, Session } from "@parley/contracts";
import { DirectoryBlobs } from "@parley/engine-embedded";
import type { FileOps } from "@parley/engine-embedded/simulation";
import type { Keyring } from "@parley/keys";
import { type Message, mediaOf } from "@parley/protocol";
import type { Services, WiringOptions } from "@parley/server";
import type { Process } from "./kernel.js";
import type { SeededRandom } from "./seeded-random.js";

const DIRECTORY = "media";
const PART_BYTES = 256;
const BLOCK_BYTES = 64;
const LIMITS = { fileBytesMax: 100_000, uploadingBytesMax: 1_000_000 };
const FILE_BYTES_MAX = 1_500;
/** Each walk lists every directory that parts may be in. */
const WALK_MS_MEAN = 8_000;

export function mediaOptions(
  files: FileOps,
  keyring: Keyring,
  change: (parts: BlobStore) => BlobStore = (parts) => parts,
): NonNullable<WiringOptions["media"]> {
  return {
    parts: change(new DirectoryBlobs({ directory: DIRECTORY, files })),
    seals: keyringSeals(keyring),
    limits: LIMITS,
    sizes: { partBytes: PART_BYTES, blockBytes: BLOCK_BYTES },
  };
}

/** The file that a message with this caption holds: any length, and no two alike. */
export function fileOf(caption: string): Uint8Array {
  let length = 1;
  for (const sign of caption) length = (length * 31 + sign.charCodeAt(0)) % FILE_BYTES_MAX;
  return Buffer.alloc(length + 1, `${caption} `);
}

/** Removes what nobody needs now and then, until it is over or the process ends. */
export function startCollecting(options: {
  readonly services: Services;
  readonly process: Process;
  readonly random: SeededRandom;
  readonly isOver: () => boolean;
  readonly onTrouble: (error: unknown) => void;
}): void {
  const { services, process, random, isOver, onTrouble } = options;
  const walkNowAndThen = async (): Promise<void> => {
    while (process.isAlive && !isOver()) {
      await sleep(process.ambient.scheduler, random.waitMs(WALK_MS_MEAN));
      // At the end the judge has it run.
      if (services.media!.keeper.status.isRunning) continue;
      try {
        await services.media!.keeper.run({ isGentle: false });
      } catch (error) {
        if (!process.isAlive || failureCode(error) === "tables-closed") return;
        onTrouble(error);
      }
    }
  };
  walkNowAndThen().catch(onTrouble);
}

/** Whether each file of what somebody sees is read whole, and what others see of it: complaints. */
export async function judgeFiles(
  files: Pick<MediaCalls, "openOfMessage">,
  viewer: { readonly name: string; readonly session: Session },
  messages: readonly Message[],
): Promise<readonly string[]> {
  const complaints: string[] = [];
  for (const { conversationId, sequence, body } of messages) {
    for (const { mediaId, caption } of mediaOf(body)) {
      const request = { conversationId, sequence, mediaId, isThumbnail: false };
      const where = `the file of ${conversationId} ${sequence}, "${caption}"`;
      try {
        const content = await files.openOfMessage(viewer.session, request);
        const pieces: Uint8Array[] = [];
        for await (const piece of content.read(0, content.bytes)) pieces.push(piece);
        if (!Buffer.concat(pieces).equals(fileOf(caption)))
          complaints.push(`${viewer.name} reads another file than ${where}`);
      } catch (error) {
        complaints.push(`${viewer.name} cannot read ${where}: ${messageOf(error)}`);
      }
    }
  }
  return complaints;
}

/** Whether a file can be read by somebody who does not see its message: complaints. */
export async function judgeStranger(
  files: Pick<MediaCalls, "openOfMessage">,
  stranger: { readonly name: string; readonly session: Session },
  messages: readonly Message[],
): Promise<readonly string[]> {
  const complaints: string[] = [];
  for (const { conversationId, sequence, body } of messages) {
    for (const { mediaId } of mediaOf(body)) {
      const request = { conversationId, sequence, mediaId, isThumbnail: false };
      const code = await files.openOfMessage(stranger.session, request).then(() => "open", failureCode);
      if (code === "open")
        complaints.push(`${stranger.name} reads the file of ${conversationId} ${sequence}`);
    }
  }
  return complaints;
}
