/**
 * A secret for every conversation of a tenant, of which any one can be destroyed, without keeping one for each. (A
 * puncturable pseudo-random function; Goldreich, Goldwasser, Micali 1986; Boneh, Waters 2013.)
 *
 *              seed                 the two seeds below a seed s are SHA-256(s 0) and SHA-256(s 1)
 *            0 /  \ 1               a conversation is a path of 64 steps down, taken from a keyed hash of its name
 *          seed    seed             the seed at the end is its secret
 *          / \      / \
 *
 * Kept are the seeds from which all others follow: at first the one at the top. Destroying a path replaces the seed above
 * it by those beside the path, at most 64. None of them leads to the destroyed end.
 *
 * Bytes: path key[32] · node*, node := steps u8 · path u64, big endian, its first step the highest bit · seed[32].
 */
import { createHmac, hash } from "node:crypto";
import type { Random } from "@parley/base";
import { KEY_BYTES } from "./wrapping.js";

const STEPS = 64;
const NODE_BYTES = 1 + 8 + KEY_BYTES;

export class ConversationTree {
  readonly #pathKey: Buffer;
  /** By the steps that lead to it, as text: "" is the top, "01" the right one below the left one. */
  readonly #seeds: ReadonlyMap<string, Buffer>;

  private constructor(pathKey: Buffer, seeds: ReadonlyMap<string, Buffer>) {
    this.#pathKey = pathKey;
    this.#seeds = seeds;
  }

  /** A tree in which nothing is destroyed. */
  static plant(random: Random): ConversationTree {
    const seeds = new Map([["", Buffer.from(random.bytes(KEY_BYTES))]]);
    return new ConversationTree(Buffer.from(random.bytes(KEY_BYTES)), seeds);
  }

  /** The tree that `bytes` gave; undefined for anything else. */
  static parse(bytes: Buffer): ConversationTree | undefined {
    if (bytes.length < KEY_BYTES || (bytes.length - KEY_BYTES) % NODE_BYTES !== 0) return undefined;
    const seeds = new Map<string, Buffer>();
    for (let at = KEY_BYTES; at < bytes.length; at += NODE_BYTES) {
      const path = steps(bytes.subarray(at + 1, at + 9)).slice(0, bytes[at]);
      seeds.set(path, bytes.subarray(at + 9, at + NODE_BYTES));
    }
    return new ConversationTree(bytes.subarray(0, KEY_BYTES), seeds);
  }

  get seedCount(): number {
    return this.#seeds.size;
  }

  bytes(): Buffer {
    const nodes = [...this.#seeds].map(([path, seed]) => {
      const place = Buffer.alloc(9);
      place[0] = path.length;
      place.writeBigUInt64BE(BigInt(`0b${path.padEnd(STEPS, "0")}`), 1);
      return Buffer.concat([place, seed]);
    });
    return Buffer.concat([this.#pathKey, ...nodes]);
  }

  /** The secret that belongs to a name; undefined when it is destroyed. Cost: at most 64 hashes, 40 µs. */
  secretOf(name: string): Buffer | undefined {
    const path = this.#pathOf(name);
    const start = this.#seedAbove(path);
    if (start === undefined) return undefined;
    let seed = this.#seeds.get(start)!;
    for (let step = start.length; step < STEPS; step++) seed = below(seed, path.charCodeAt(step) - ZERO);
    return seed;
  }

  /** The tree without the secret of one name. */
  without(name: string): ConversationTree {
    const path = this.#pathOf(name);
    const start = this.#seedAbove(path);
    if (start === undefined) return this;
    const seeds = new Map(this.#seeds);
    let seed = seeds.get(start)!;
    seeds.delete(start);
    for (let step = start.length; step < STEPS; step++) {
      const direction = path.charCodeAt(step) - ZERO;
      seeds.set(`${path.slice(0, step)}${1 - direction}`, below(seed, 1 - direction));
      seed = below(seed, direction);
    }
    return new ConversationTree(this.#pathKey, seeds);
  }

  /** Keyed, so that nobody can choose a name that shares the end of another. */
  #pathOf(name: string): string {
    return steps(createHmac("sha256", this.#pathKey).update(name, "utf8").digest());
  }

  #seedAbove(path: string): string | undefined {
    for (let length = 0; length <= STEPS; length++) {
      const start = path.slice(0, length);
      if (this.#seeds.has(start)) return start;
    }
    return undefined;
  }
}

const ZERO = "0".charCodeAt(0);

function below(seed: Buffer, direction: number): Buffer {
  const input = Buffer.allocUnsafe(KEY_BYTES + 1);
  seed.copy(input);
  input[KEY_BYTES] = direction;
  return hash("sha256", input, "buffer");
}

/** The first 64 bits as text. */
function steps(bytes: Buffer): string {
  return bytes.readBigUInt64BE(0).toString(2).padStart(STEPS, "0");
}
