/** A business module: it publishes to users, kinds of devices and conversations, some of it twice, until each is answered. */
import { failureCode, messageOf } from "@parley/base";
import type { ModulePublication } from "@parley/contracts";
import { type DeviceKind, parseModuleName, type TenantId, type UserId } from "@parley/protocol";
import type { Services } from "@parley/server";
import type { Kernel } from "./kernel.js";
import type { Plan } from "./plan.js";
import type { ModuleNotes, Published } from "./recording/module-notes.js";
import type { Truth } from "./recording/truth.js";
import { SeededRandom } from "./seeded-random.js";

const MODULE = parseModuleName("todo");
const KINDS = ["phone", "web", ""] as const;
const ANSWER_MS_MAX = 3_000;
const RETRY_MS = 300;
const LOOK_MS = 200;

/** What a device of a run is; in a run without modules none says it. */
export function kindOf({ modulesMs }: Pick<Plan, "modulesMs">, index: number): DeviceKind {
  return modulesMs === undefined ? "" : KINDS[index % KINDS.length]!;
}

export interface PublishingOptions {
  readonly kernel: Kernel;
  readonly seed: number;
  readonly tenantId: TenantId;
  readonly userIds: readonly UserId[];
  /** What conversations there are, and how far the queues are. */
  readonly truth: Pick<Truth, "messages" | "user">;
  readonly notes: ModuleNotes;
  /** Undefined while the server does not run. */
  readonly services: () => Services | undefined;
  readonly onTrouble: (what: string) => void;
}

export class Publishing {
  /** Publications by what they came to. */
  readonly counts = new Map<string, number>();
  readonly #options: PublishingOptions;
  readonly #random: SeededRandom;
  readonly #made: { readonly noted: Published; readonly publication: ModulePublication }[] = [];
  #waiting = 0;

  constructor(options: PublishingOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ 0x40d5);
    options.notes.ptsOf = (userId) => options.truth.user(userId).pts;
  }

  /** Publishes about every `meanMs`, until a time. */
  act(meanMs: number, untilMs: number): void {
    const { kernel } = this.#options;
    const next = (): void => {
      kernel.after(this.#random.waitMs(meanMs), "a module publishes", () => {
        if (kernel.nowMs >= untilMs) return;
        this.#publishOne();
        next();
      });
    };
    next();
  }

  /** Resolves when everything is answered. Bound it. */
  async ended(): Promise<void> {
    while (this.#waiting > 0) await this.#wait(LOOK_MS);
  }

  #publishOne(): void {
    const random = this.#random;
    const isAgain = random.isTrue(0.25) && this.#made.length > 0;
    const one = isAgain ? random.pick(this.#made) : this.#make();
    if (!isAgain) this.#made.push(one);
    this.#waiting += 1;
    this.#untilAnswered(one.publication).then(
      () => {
        one.noted.isDone = true;
        this.#waiting -= 1;
      },
      (error: unknown) => this.#options.onTrouble(`publishing: ${messageOf(error)}`),
    );
  }

  #make(): { readonly noted: Published; readonly publication: ModulePublication } {
    const random = this.#random;
    const { userIds, truth, notes, kernel } = this.#options;
    const id = `e-${this.#made.length + 1}`;
    const known = [...truth.messages.keys()];
    const isToAll = random.isTrue(0.5) && known.length > 0;
    const some = userIds.filter(() => random.isTrue(0.6));
    const to = isToAll
      ? { conversationId: random.pick(known) }
      : { userIds: some.length === 0 ? [random.pick(userIds)] : some };
    const noted: Published = { id, to, isDone: false };
    notes.published.push(noted);
    const publication: ModulePublication = {
      module: MODULE,
      id,
      to,
      data: new Uint8Array([this.#made.length % 256]),
      priority: random.pick([0, 0, 1, 2]),
      deviceKinds: random.isTrue(0.3) ? [random.pick(["phone", "web"])] : [],
      collapseKey: random.isTrue(0.4) ? `k-${random.integer(3)}` : "",
      expiresAtMs: random.isTrue(0.15) ? Math.floor(kernel.nowMs + random.waitMs(3_000)) : 0,
    };
    return { noted, publication };
  }

  /** Asks again until it is answered that it is done, as any module has to. */
  async #untilAnswered(publication: ModulePublication): Promise<void> {
    const { services, tenantId } = this.#options;
    for (;;) {
      const server = services();
      const outcome =
        server === undefined
          ? "no server"
          : await Promise.race([
              server.modules.service.publish(tenantId, publication).then(
                ({ isDuplicate }) => (isDuplicate ? "known" : "ok"),
                (error: unknown) => failureCode(error) ?? `untyped: ${messageOf(error)}`,
              ),
              this.#wait(ANSWER_MS_MAX).then(() => "no answer"),
            ]);
      // What a dead process says, it never said.
      const isSaid = services() === server;
      this.#count(isSaid ? outcome : "server gone");
      if (isSaid && (outcome === "ok" || outcome === "known")) return;
      if (isSaid && outcome.startsWith("untyped")) this.#options.onTrouble(`publishing: ${outcome}`);
      await this.#wait(RETRY_MS);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.kernel.after(ms, "a module waits", resolve));
  }

  #count(what: string): void {
    const name = `publish ${what}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}
