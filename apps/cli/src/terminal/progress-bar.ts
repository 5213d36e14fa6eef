/** One line that shows how far long work has come. Where nobody watches, a line now and then instead. */
import type { Clock } from "@parley/base";
import type { Terminal } from "./terminal.js";

const DRAW_MS = 100;
const LINE_MS = 5_000;
const BAR_COLUMNS_MAX = 40;
/** Columns for the percentage and the time left. */
const FIGURES_COLUMNS = 20;

export interface ProgressBar {
  /** `share` is from 0 to 1. Cheap: it draws ten times a second at most. */
  update(share: number): void;
  /** Draws the work as done and ends the line. */
  end(): void;
}

export function startProgressBar(terminal: Terminal, clock: Clock, label: string): ProgressBar {
  const startedMs = clock.monotonicMs();
  const intervalMs = terminal.isInteractive ? DRAW_MS : LINE_MS;
  let share = 0;
  let drawnMs = startedMs;
  const draw = (): void => {
    drawnMs = clock.monotonicMs();
    const line = lineOf(label, share, drawnMs - startedMs, terminal.columns);
    terminal.err(terminal.isInteractive ? `\r\u001b[K${line}` : `${line}\n`);
  };
  return {
    update(next) {
      share = Math.min(1, Math.max(share, next));
      if (clock.monotonicMs() - drawnMs >= intervalMs) draw();
    },
    end() {
      share = 1;
      draw();
      if (terminal.isInteractive) terminal.err("\n");
    },
  };
}

function lineOf(label: string, share: number, elapsedMs: number, columns: number): string {
  const room = Math.min(BAR_COLUMNS_MAX, columns - label.length - FIGURES_COLUMNS);
  const filled = Math.round(Math.max(0, room) * share);
  const bar = room < 5 ? "" : ` ${"█".repeat(filled)}${"░".repeat(room - filled)}`;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `${label}${bar} ${percent} ${remaining(share, elapsedMs)}`;
}

function remaining(share: number, elapsedMs: number): string {
  if (share >= 1) return `in ${duration(elapsedMs)}`;
  // Too early to tell.
  if (share < 0.02) return "";
  return `${duration((elapsedMs / share) * (1 - share))} left`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60
    ? `${seconds} s`
    : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}
