/**
 * Tickets: how a module's own server learns who talks to it, without ever seeing a user's token.
 *
 *   user's device ──POST /v1/tickets──► server        a ticket for one module, for a minute
 *   user's device ──ticket──► the module's server ──POST /v1/modules/tickets──► server    who it is, once
 *
 * They are in memory only: after a restart the device asks for another.
 */
import { type Clock, Failure, type Random } from "@parley/base";
import type { AccountCalls, Session } from "@parley/contracts";
import type { ModuleName } from "@parley/protocol";
import type { ModuleIdentity } from "./module-store.js";

export const TICKET_MS = 60_000;
/** Tickets that are not used yet, of all users and of one session. */
export const TICKETS_MAX = 50_000;
export const TICKETS_PER_SESSION_MAX = 16;

interface Ticket {
  readonly session: Session;
  readonly module: ModuleName;
  readonly untilMs: number;
}

export interface TicketsOptions {
  readonly accounts: Pick<AccountCalls, "onRevoked">;
  readonly clock: Clock;
  readonly random: Random;
}

export class Tickets {
  readonly #options: TicketsOptions;
  /** The oldest first. */
  readonly #tickets = new Map<string, Ticket>();

  constructor(options: TicketsOptions) {
    this.#options = options;
    // What a session that has ended has given away is worth nothing.
    options.accounts.onRevoked((sessionId) => {
      for (const [name, { session }] of this.#tickets)
        if (session.sessionId === sessionId) this.#tickets.delete(name);
    });
  }

  /** Errors: "too-many-requests". */
  issue(session: Session, module: ModuleName): string {
    this.#forgetOld();
    const mine = [...this.#tickets.values()].filter((each) => each.session.sessionId === session.sessionId);
    if (this.#tickets.size >= TICKETS_MAX || mine.length >= TICKETS_PER_SESSION_MAX) {
      throw new Failure("too-many-requests", "Too many tickets wait to be used.", {
        retry: "same",
        retryAfterMs: TICKET_MS,
      });
    }
    const name = `parley_t_${Buffer.from(this.#options.random.bytes(24)).toString("base64url")}`;
    this.#tickets.set(name, { session, module, untilMs: this.#options.clock.monotonicMs() + TICKET_MS });
    return name;
  }

  /** Whose it is; it is worth nothing afterwards. Undefined when it is none, or one for another module. */
  exchange({ tenantId, module }: ModuleIdentity, name: string): Session | undefined {
    this.#forgetOld();
    const ticket = this.#tickets.get(name);
    if (ticket?.module !== module || ticket.session.tenantId !== tenantId) return undefined;
    this.#tickets.delete(name);
    return ticket.session;
  }

  #forgetOld(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [name, { untilMs }] of this.#tickets) {
      if (untilMs > nowMs) return;
      this.#tickets.delete(name);
    }
  }
}
