/**
 * `identity.json` of a data directory: which installation it is, and which of its timelines. Whatever begins from a copy
 * takes a new timeline, so that it is never mistaken for what it was copied from: its archive, its standbys and its
 * devices begin anew.
 */
import { Failure, type Random } from "@parley/base";
import { join } from "node:path";
import { type BackupFiles, findContent, writeWhole } from "./backup-files.js";
import type { Identity } from "./manifest.js";

export const IDENTITY_FILE = "identity.json";
const ID_BYTES = 16;
const ID = /^[0-9a-f]{32}$/;

/** The identity of a data directory, made when it has none. Errors: "data-directory-foreign" when it is damaged. */
export async function ensureIdentity(
  files: BackupFiles,
  directory: string,
  random: Random,
): Promise<Identity> {
  const path = join(directory, IDENTITY_FILE);
  const content = await findContent(files, path);
  if (content !== undefined) return parseIdentity(content, path);
  const made = { installation: newId(random), timeline: newId(random) };
  await writeIdentity(files, directory, made);
  return made;
}

export async function writeIdentity(
  files: BackupFiles,
  directory: string,
  identity: Identity,
): Promise<void> {
  const { installation, timeline } = identity;
  const text = `${JSON.stringify({ installation, timeline })}\n`;
  await writeWhole(files, join(directory, IDENTITY_FILE), Buffer.from(text, "utf8"));
}

export function newId(random: Random): string {
  return Buffer.from(random.bytes(ID_BYTES)).toString("hex");
}

function parseIdentity(content: Buffer, path: string): Identity {
  try {
    const { installation, timeline } = JSON.parse(content.toString("utf8")) as Partial<Identity>;
    if (ID.test(installation ?? "") && ID.test(timeline ?? "")) {
      return { installation: installation!, timeline: timeline! };
    }
  } catch {
    // Not JSON: reported as what it is, below.
  }
  throw new Failure(
    "data-directory-foreign",
    `${path} is damaged. Restore the data directory from a backup, or remove this file if none was ever made of it.`,
    { retry: "after-change" },
  );
}
