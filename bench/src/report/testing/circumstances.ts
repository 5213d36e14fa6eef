import type { Circumstances } from "../../results/recorded.js";

/** Of a machine that was quiet. */
export const CIRCUMSTANCES = {
  date: "2026-11-22",
  machine: {
    processor: "A processor",
    processors: 2,
    memory_gb: 16,
    kernel: "Linux 6.1",
    disk: "ext4 on /dev/vda1",
    fdatasync_ms: 0.5,
    node: "v20.20.2",
  },
  busyPercentBefore: 1,
  parley: { version: "0.1.0", commit: "0ace41ec00" },
  seed: 1,
  nodeFlags: ["--max-semi-space-size=64"],
  length: "usual",
} as const satisfies Circumstances;
