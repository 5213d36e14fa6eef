/** Everybody catches up after healing (I11), and nothing grows beyond its limit (I12). */
import type { Run } from "./run.js";

/** What the invariant promises. */
export const RECOVERY_MS_MAX = 8_000;

export function judgeEnds({ history, findings, speaker }: Run, recoveryMsMax: number): void {
  const { healedMs, devices, drainedMs, gone, resources } = history;
  for (const [name, { value, max }] of resources) {
    if (value > max)
      findings.add("over-limit", -value, () => `${name} was at ${value}, above its limit of ${max}.`);
  }
  if (healedMs === undefined) return;
  for (let device = 0; device < devices.length; device++) {
    if (gone.has(device)) continue;
    const tookMs = (drainedMs.get(device) ?? Infinity) - healedMs;
    if (tookMs <= recoveryMsMax) continue;
    findings.add("not-caught-up", device, () => {
      const when = tookMs === Infinity ? "never had everything" : `had everything ${tookMs} ms`;
      return `${speaker.device(device)} ${when} after healing at ${healedMs} ms; the limit is ${recoveryMsMax} ms.`;
    });
  }
}
