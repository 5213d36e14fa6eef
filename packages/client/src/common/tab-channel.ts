/** The port between the tabs that share one store: who leads, and what they tell each other. */

export interface TabHandlers {
  /** This tab has the lead, until it resigns or `onLost`. */
  onLead(): void;
  /** Another tab has taken the lead away. */
  onLost(): void;
  onMessage(message: unknown): void;
}

/** One tab's end. Of all tabs of a name at most one leads; one that is closed or killed does not lead any more. */
export interface TabChannel {
  /** Joins the others; before everything else. */
  open(handlers: TabHandlers): void;
  /** Waits for the lead behind those that wait already. Does nothing while it waits or leads. */
  elect(): void;
  /** Takes the lead from whoever has it. */
  steal(): void;
  /** Gives the lead away, or waits for it no longer. */
  resign(): void;
  /** Tells all other tabs, each in the order of the calls. Shape: what `structuredClone` takes. */
  broadcast(message: unknown): void;
  /** Resigns and leaves the others. Idempotent; it may be opened again. */
  close(): void;
}
