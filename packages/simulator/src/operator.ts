/** Whoever runs the installation: now and then a conversation is trimmed, as retention does it. */
import { failureCode, messageOf } from "@parley/base";
import type { ConversationId, Message, TenantId } from "@parley/protocol";
import type { Kernel } from "./kernel.js";
import { SeededRandom } from "./seeded-random.js";
import type { ServerNode } from "./server-node.js";

export interface OperatorOptions {
  readonly kernel: Kernel;
  readonly seed: number;
  readonly server: ServerNode;
  readonly tenantId: TenantId;
  /** What there is to trim. */
  readonly messages: ReadonlyMap<ConversationId, readonly Message[]>;
  readonly onTrouble: (what: string) => void;
}

export class Operator {
  /** Trims by what they came to. */
  readonly counts = new Map<string, number>();
  readonly #options: OperatorOptions;
  /** Its own: without trims everything else is as it would be without an operator. */
  readonly #random: SeededRandom;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ 0x7219);
  }

  /** Trims about every `meanMs`, until a time. */
  act(meanMs: number, untilMs: number): void {
    const { kernel } = this.#options;
    const next = (): void => {
      kernel.after(this.#random.waitMs(meanMs), "operator acts", () => {
        if (kernel.nowMs >= untilMs) return;
        this.#trimOne();
        next();
      });
    };
    next();
  }

  #trimOne(): void {
    const { server, tenantId, messages, kernel, onTrouble } = this.#options;
    const random = this.#random;
    const { services } = server;
    if (services === undefined || messages.size === 0) return;
    const conversationId = random.pick([...messages.keys()]);
    // Also before what is gone already, and behind the end.
    const before = random.between(1, (messages.get(conversationId)?.length ?? 0) + 2);
    kernel.note("operator", `trims ${conversationId} before ${before}`);
    services.keeping.trim({ tenantId, conversationId }, before).then(
      () => this.#count("ok"),
      (error: unknown) => {
        const code = failureCode(error);
        if (code === undefined) onTrouble(`trim: ${messageOf(error)}`);
        this.#count(code ?? "untyped");
      },
    );
  }

  #count(what: string): void {
    const name = `trim ${what}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}
