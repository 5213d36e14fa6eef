import { inflateRawSync } from "node:zlib";
import type { Inflate } from "../common/unpacking-transport.js";

/** At once: a packet is small, and a thread for it would take longer. */
export const nodeInflate: Inflate = async (data, size) => inflateRawSync(data, { maxOutputLength: size });
