/**
 * Sealing the payloads of a commit: one pass of AES-256-GCM for each owner that has records in it, whatever their number.
 *
 *   records of the commit    A1  B1  A2  A3  B2            each keeps its own head and crc
 *   sealed together          A1+A2+A3      B1+B2           under the data key of A, of B
 *   on disk                  a1  b1  a2  a3  b2  [seals]   ciphertext in the places of the payloads
 *
 * The last record of the commit, of the log SEALS_LOG, holds the seals: for each owner kind, key, nonce and tag (33 bytes, as
 * `SealFormat` of the keys, without the ciphertext). A record says the number of its seal, from 1.
 *
 * A seal covers the payloads of its owner in their order. Its additional data are the number of the commit (u64, big endian)
 * and, for each of these records, everything before the payload but the crc. So no record can be moved, left out, cut or given
 * to another partition.
 */
import { assert } from "@parley/base";
import { type Keyring, SEAL_BYTES, SEAL_HEAD_BYTES, SEAL_TAG_BYTES } from "@parley/keys";
import {
  type FoundRecord,
  RECORD_PREFIX_BYTES,
  SEALS_LOG,
  closeRecord,
  markRecord,
  recordBytes,
  writeRecord,
} from "./record-format.js";

const COMMIT_BYTES = 8;
const LENGTH_BYTES = 4;
const SEALS_MAX = 2 ** 24 - 1;

/** A record that waits to be written. */
export interface UnsealedRecord {
  readonly start: number;
  readonly payloadStart: number;
  readonly end: number;
  readonly owner: string;
}

type Place = Pick<UnsealedRecord, "start" | "payloadStart" | "end">;

/** The records of one owner in a commit. */
interface SealGroup<R extends Place> {
  readonly records: R[];
  plainBytes: number;
  aadBytes: number;
}

/**
 * The bytes that go to disk for a commit. `plain` holds its records without crc and is marked, but keeps its payloads.
 * Effects: keys that are made for it are durable. Errors: those of the key store's files.
 */
export async function sealCommit(
  keyring: Keyring,
  plain: Buffer,
  records: readonly UnsealedRecord[],
  commit: number,
): Promise<Buffer> {
  const groups = groupsOf(records, plain, commit);
  await prepareKeys(keyring, [...groups.keys()]);
  const seals = Buffer.allocUnsafe(groups.size * SEAL_BYTES);
  const stored = Buffer.allocUnsafe(plain.length + recordBytes("", seals.length));
  plain.copy(stored);
  let sealStart = 0;
  for (const [owner, group] of groups) {
    const sealed = keyring.seal(
      keyring.sealingKey({ tenant: owner })!,
      aadOf(plain, group, commit),
      gathered(plain, group),
    );
    sealed.copy(seals, sealStart, 0, SEAL_HEAD_BYTES);
    sealed.copy(seals, sealStart + SEAL_HEAD_BYTES, sealed.length - SEAL_TAG_BYTES);
    scatter({ bytes: sealed, at: SEAL_HEAD_BYTES }, group, { bytes: stored, base: 0 });
    sealStart += SEAL_BYTES;
  }
  for (const record of records) closeRecord(stored, record);
  const fields = { logIndex: SEALS_LOG, partition: 0, offset: 0, producer: "", position: 0 };
  const end = writeRecord(stored, plain.length, fields, seals);
  markRecord(stored, plain.length, { commit, isContinued: false, seal: 0 });
  closeRecord(stored, { start: plain.length, end });
  return stored;
}

/**
 * The payloads of a whole commit in plain, in the order of its records, which end with the seals; undefined for those whose
 * key is destroyed. `bytes` keeps the ciphertext. Errors: "seal-corrupt", "key-missing".
 */
export function openCommit(
  keyring: Keyring,
  bytes: Buffer,
  records: readonly FoundRecord[],
  commit: number,
): readonly (Buffer | undefined)[] | undefined {
  const seals = records.at(-1);
  if (seals?.logIndex !== SEALS_LOG) return undefined;
  const groups: (SealGroup<FoundRecord> | undefined)[] = [];
  for (const record of records.slice(0, -1)) {
    if (record.seal === 0) return undefined;
    const group = (groups[record.seal - 1] ??= { records: [], plainBytes: 0, aadBytes: COMMIT_BYTES });
    add(group, record);
  }
  if (seals.end - seals.payloadStart !== groups.length * SEAL_BYTES) return undefined;
  const base = records[0]!.start;
  const plain = Buffer.allocUnsafe(seals.start - base);
  const isOpen: boolean[] = [];
  for (const [index, group] of groups.entries()) {
    if (group === undefined) return undefined;
    const sealStart = seals.payloadStart + index * SEAL_BYTES;
    const sealed = Buffer.concat([
      bytes.subarray(sealStart, sealStart + SEAL_HEAD_BYTES),
      gathered(bytes, group),
      bytes.subarray(sealStart + SEAL_HEAD_BYTES, sealStart + SEAL_BYTES),
    ]);
    const opened = keyring.open(undefined, aadOf(bytes, group, commit), sealed);
    isOpen.push(opened !== undefined);
    if (opened !== undefined) scatter({ bytes: opened, at: 0 }, group, { bytes: plain, base });
  }
  return records
    .slice(0, -1)
    .map(({ seal, payloadStart, end }) =>
      isOpen[seal - 1] === true ? plain.subarray(payloadStart - base, end - base) : undefined,
    );
}

/** Makes keys until each owner has one; a key may run out while another is made. */
async function prepareKeys(keyring: Keyring, owners: readonly string[]): Promise<void> {
  for (;;) {
    const missing = owners.filter((tenant) => keyring.sealingKey({ tenant }) === undefined);
    if (missing.length === 0) return;
    await keyring.prepare(missing);
  }
}

function groupsOf(
  records: readonly UnsealedRecord[],
  plain: Buffer,
  commit: number,
): ReadonlyMap<string, SealGroup<UnsealedRecord>> {
  const groups = new Map<string, SealGroup<UnsealedRecord> & { readonly seal: number }>();
  for (const record of records) {
    let group = groups.get(record.owner);
    if (group === undefined) {
      group = { records: [], plainBytes: 0, aadBytes: COMMIT_BYTES, seal: groups.size + 1 };
      groups.set(record.owner, group);
    }
    add(group, record);
    markRecord(plain, record.start, { commit, isContinued: true, seal: group.seal });
  }
  assert(groups.size <= SEALS_MAX, "a commit has fewer owners than a record can number");
  return groups;
}

function add<R extends Place>(group: SealGroup<R>, record: R): void {
  group.records.push(record);
  group.plainBytes += record.end - record.payloadStart;
  group.aadBytes += LENGTH_BYTES + record.payloadStart - record.start - RECORD_PREFIX_BYTES;
}

function aadOf(bytes: Buffer, { records, aadBytes }: SealGroup<Place>, commit: number): Buffer {
  const aad = Buffer.allocUnsafe(aadBytes);
  aad.writeBigUInt64BE(BigInt(commit), 0);
  let at = COMMIT_BYTES;
  for (const { start, payloadStart } of records) {
    at += bytes.copy(aad, at, start, start + LENGTH_BYTES);
    at += bytes.copy(aad, at, start + RECORD_PREFIX_BYTES, payloadStart);
  }
  return aad;
}

function gathered(bytes: Buffer, { records, plainBytes }: SealGroup<Place>): Buffer {
  const payloads = Buffer.allocUnsafe(plainBytes);
  let at = 0;
  for (const { payloadStart, end } of records) at += bytes.copy(payloads, at, payloadStart, end);
  return payloads;
}

/** Puts what lies together in `source` into the places of the payloads; `base` is the place of the target's first byte. */
function scatter(
  source: { readonly bytes: Buffer; readonly at: number },
  { records }: SealGroup<Place>,
  target: { readonly bytes: Buffer; readonly base: number },
): void {
  let { at } = source;
  for (const { payloadStart, end } of records) {
    at += source.bytes.copy(target.bytes, payloadStart - target.base, at, at + end - payloadStart);
  }
}
