/**
 * Compresses packets where the network is what takes time.
 *
 *   slow network      from 512 bytes on: what is saved arrives sooner than it takes to compress it
 *   not known yet     from 4 KiB on: the first list of a new device, its first pages
 *   fast network      never
 *
 * All connections together may use a share of the processor for it; beyond that packets go as they are.
 */
import { deflateRawSync } from "node:zlib";
import type { Clock } from "@parley/base";
import { encodeFrame } from "@parley/protocol";

const SLOW_BYTES_MIN = 512;
const UNKNOWN_BYTES_MIN = 4 * 1024;
/** Higher ones take twice as long for 2% less. */
const LEVEL = 3;
/** What is not at least so much smaller goes as it is. */
const GAIN_MIN = 0.1;
/** A tenth of one processor. */
const WORK_MS_MAX = 100;
const WINDOW_MS = 1_000;

export interface PackerCounts {
  /** Packets that went compressed, their bytes before and after. */
  readonly packets: number;
  readonly bytes: number;
  readonly packedBytes: number;
  /** What that took of the processor. */
  readonly workMs: number;
}

export class PacketPacker {
  readonly #clock: Clock;
  readonly #counts = { packets: 0, bytes: 0, packedBytes: 0, workMs: 0 };
  #windowMs = Number.NEGATIVE_INFINITY;
  #workMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get counts(): PackerCounts {
    return { ...this.#counts };
  }

  /** The packet to send for a device that unpacks; the same one when that is as well. `isSlow`: undefined is not known. */
  pack(packet: Uint8Array, isSlow: boolean | undefined): Uint8Array {
    if (isSlow === false || packet.length < (isSlow === true ? SLOW_BYTES_MIN : UNKNOWN_BYTES_MIN))
      return packet;
    const beganMs = this.#clock.monotonicMs();
    if (beganMs - this.#windowMs >= WINDOW_MS) {
      this.#windowMs = beganMs;
      this.#workMs = 0;
    }
    if (this.#workMs >= WORK_MS_MAX) return packet;
    const data = deflateRawSync(packet, { level: LEVEL });
    const workMs = this.#clock.monotonicMs() - beganMs;
    this.#workMs += workMs;
    this.#counts.workMs += workMs;
    if (data.length > packet.length * (1 - GAIN_MIN)) return packet;
    const packed = encodeFrame("packed", { packing: "deflate", size: packet.length, data });
    this.#counts.packets += 1;
    this.#counts.bytes += packet.length;
    this.#counts.packedBytes += packed.length;
    return packed;
  }
}
