/** What a command reads from and writes to. Tests give their own. */
export interface Terminal {
  /** Results: what a script would read. */
  out(line: string): void;
  /** Everything else: progress, hints, failures. */
  err(text: string): void;
  /** Whether a person sees `err`, so that a line may be drawn over. */
  readonly isInteractive: boolean;
  /** Columns of the screen. */
  readonly columns: number;
  /** Reads a secret: without echo from a person, else the first line of standard input. */
  readSecret(prompt: string): Promise<string>;
}
