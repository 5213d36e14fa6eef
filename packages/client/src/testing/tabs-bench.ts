/** Several tabs of one device on one store and one server, set up for a test. */
import { ManualTime, manualAmbient, RecordingLogger } from "@parley/base/testing";
import {
  type ClientStore,
  createClient,
  createMemoryStore,
  type HubTab,
  type ParleyClient,
  TabHub,
} from "../common/index.js";
import { GROUP, SELF } from "./client-bench.js";
import { ScriptedServer } from "./scripted-server.js";
import { ScriptedWorld } from "./scripted-world.js";

/** How long a commit takes. */
const COMMIT_MS = 2;

export interface BenchTab {
  readonly client: ParleyClient;
  readonly logger: RecordingLogger;
  /** Its renderer ends at this very point. */
  readonly kill: () => void;
  /** Nothing runs in it any more, until `thaw`: then what waited runs in order. */
  readonly freeze: () => void;
  readonly thaw: () => void;
}

/** A bench; `begin` starts a tab and waits until it shows something. */
export class TabsBench {
  readonly time = new ManualTime();
  readonly world = new ScriptedWorld(SELF);
  readonly server: ScriptedServer;
  readonly hub = new TabHub(structuredClone);
  readonly store: ClientStore;
  readonly #tabs: BenchTab[] = [];

  constructor(store: ClientStore = createMemoryStore()) {
    this.store = store;
    this.world.join(GROUP);
    this.server = new ScriptedServer(this.world, this.time);
  }

  async begin(): Promise<BenchTab> {
    const tab = this.#create(this.#tabs.length + 1);
    this.#tabs.push(tab);
    await this.time.run(tab.client.start());
    await this.time.run(tab.client.settled(60_000));
    return tab;
  }

  /** Pushes what is new and waits until a tab has settled. */
  async sync({ client }: BenchTab): Promise<void> {
    this.server.push();
    await this.time.advance(5);
    await this.time.run(client.settled(60_000));
    await this.time.advance(5);
  }

  #create(seed: number): BenchTab {
    const logger = new RecordingLogger();
    const gate = new Gate();
    const ambient = manualAmbient(this.time, logger, seed);
    const channel: HubTab = this.hub.tab((run) => void this.time.after(1, gate.through(run)));
    const { scheduler } = ambient;
    const client = createClient({
      url: "ws://test/v1/ws",
      token: "token",
      userId: SELF,
      store: {
        ...this.store,
        load: (isLeading) => gate.wait(() => this.store.load(isLeading)),
        // Stored at once and told of later: who is killed meanwhile never knows.
        commit: async (changes, leader) => {
          await this.store.commit(changes, leader);
          await new Promise<void>((resolve) => this.time.after(COMMIT_MS, gate.through(resolve)));
        },
      },
      transport: {
        connect: (url, handlers) =>
          this.server.connect(url, {
            onOpen: () => gate.through(() => handlers.onOpen())(),
            onPacket: (packet) => gate.through(() => handlers.onPacket(packet))(),
            onClose: (...of) => gate.through(() => handlers.onClose(...of))(),
          }),
      },
      tabs: channel,
      ambient: {
        ...ambient,
        scheduler: {
          after: (delayMs, run) => scheduler.after(delayMs, gate.through(run)),
          every: (intervalMs, run) => scheduler.every(intervalMs, gate.once(run)),
          soon: (run) => scheduler.soon(gate.through(run)),
        },
      },
    });
    return {
      client,
      logger,
      kill: () => {
        gate.close();
        channel.kill();
      },
      freeze: () => gate.freeze(),
      thaw: () => gate.thaw(),
    };
  }
}

/** What runs in a tab goes through it: at once, later, or never. */
class Gate {
  #state: "open" | "frozen" | "closed" = "open";
  #waiting: (() => void)[] = [];

  through(run: () => void): () => void {
    return () => {
      if (this.#state === "open") run();
      else if (this.#state === "frozen") this.#waiting.push(run);
    };
  }

  /** As `through`; of an interval that came round several times meanwhile one is left, as in a browser. */
  once(run: () => void): () => void {
    let isWaiting = false;
    return () => {
      if (isWaiting) return;
      isWaiting = true;
      this.through(() => {
        isWaiting = false;
        run();
      })();
    };
  }

  wait<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.through(() => void run().then(resolve, reject))();
    });
  }

  freeze(): void {
    this.#state = "frozen";
  }

  close(): void {
    this.#state = "closed";
    this.#waiting = [];
  }

  thaw(): void {
    this.#state = "open";
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }
}
