import { Failure, type Random } from "@parley/base";
import { KEY_BYTES } from "./wrapping.js";

const HEX = /^[0-9a-fA-F]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** Where the master key comes from: a file, the environment, a command that asks a vault. */
export interface MasterKeySource {
  /** For messages, such as "--master-key-file /etc/parley/key". */
  readonly name: string;
  /** The text of the key. Errors: "master-key-missing", "master-key-exposed", "master-key-unavailable". */
  read(): Promise<string>;
}

/** The 32 bytes that a text says. Errors: "master-key-malformed". */
export function parseMasterKey(text: string, name: string): Uint8Array {
  const trimmed = text.trim();
  if (HEX.test(trimmed)) return new Uint8Array(Buffer.from(trimmed, "hex"));
  if (BASE64.test(trimmed)) return new Uint8Array(Buffer.from(trimmed, "base64"));
  throw new Failure(
    "master-key-malformed",
    `${name} does not give a master key: 64 hexadecimal digits, or 32 bytes in base64. "openssl rand -hex 32" makes one.`,
    { retry: "after-change" },
  );
}

/** The text of a new master key. */
export function newMasterKey(random: Random): string {
  return `${Buffer.from(random.bytes(KEY_BYTES)).toString("hex")}\n`;
}
