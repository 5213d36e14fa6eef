/** One line that shows what work is at and how much of it is done, where it is not known how much there is. */
import type { Clock } from "@parley/base";
import type { Terminal } from "./terminal.js";

const DRAW_MS = 100;
const LINE_MS = 5_000;

export interface StepLine {
  /** Cheap: it draws ten times a second at most. */
  update(step: string, done: number): void;
  /** Clears the line. */
  end(): void;
}

export function startStepLine(terminal: Terminal, clock: Clock): StepLine {
  const intervalMs = terminal.isInteractive ? DRAW_MS : LINE_MS;
  let drawnMs = clock.monotonicMs();
  let isDrawn = false;
  return {
    update(step, done) {
      if (clock.monotonicMs() - drawnMs < intervalMs) return;
      drawnMs = clock.monotonicMs();
      isDrawn = true;
      const line = done === 0 ? step : `${step}: ${done}`;
      terminal.err(terminal.isInteractive ? `\r\u001b[K${line}` : `${line}\n`);
    },
    end() {
      if (isDrawn && terminal.isInteractive) terminal.err("\r\u001b[K");
    },
  };
}
