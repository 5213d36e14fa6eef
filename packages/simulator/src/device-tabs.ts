/** The tabs of a simulated device: their lock, what they tell each other, and what happens to tabs now and then. */
import { type HubTab, TabHub } from "@parley/client";
import type { Kernel, Process } from "./kernel.js";
import { SeededRandom } from "./seeded-random.js";

/** How long a message takes from tab to tab, on the mean. */
const HOP_MS_MEAN = 1;
/** A tab is frozen for less, or for more, than its leader is waited for. */
const FROZEN_MS_MAX = 14_000;
const GIVER_FROZEN_MS_MAX = 2_000;
const TABS_MAX = 3;

/** A tab, as the faults see it. */
export interface SimulatedTab {
  readonly process: Process;
  readonly channel: HubTab | undefined;
  readonly isLeading: boolean;
  /** Its process ends, and the browser goes on. */
  kill(): void;
  /** Sends something from it. */
  send(): void;
}

export interface TabbedDevice {
  readonly name: string;
  readonly tabs: readonly SimulatedTab[];
  openTab(): void;
}

/** The hub of one device; a new one for each run of its browser. */
export class SimulatedTabs {
  readonly #kernel: Kernel;
  readonly #random: SeededRandom;
  readonly #hub = new TabHub(structuredClone);

  constructor(kernel: Kernel, seed: number) {
    this.#kernel = kernel;
    this.#random = new SeededRandom(seed);
  }

  channel(process: Process): HubTab {
    // Events of one moment run in any order; what tabs say does not.
    const inbox: (() => void)[] = [];
    return this.#hub.tab((run) => {
      inbox.push(run);
      this.#kernel.schedule(process, this.#random.waitMs(HOP_MS_MEAN), `${process.name} hears`, () =>
        inbox.shift()?.(),
      );
    });
  }
}

/** Something happens to the tabs of a device. */
export function upsetTabs(kernel: Kernel, device: TabbedDevice, random: SeededRandom): void {
  const { tabs } = device;
  const leader = tabs.find(({ isLeading }) => isLeading);
  const others = tabs.filter(({ isLeading }) => !isLeading);
  const draw = random.unit();
  if (others.length === 0 || leader === undefined || draw < 0.3) {
    if (tabs.length < TABS_MAX) device.openTab();
    return;
  }
  const other = random.pick(others);
  kernel.note(device.name, "tabs are upset");
  if (draw < 0.45) leader.kill();
  else if (draw < 0.6) random.pick(tabs).process.pause(random.unit() * FROZEN_MS_MAX);
  else if (draw < 0.7) other.channel?.steal();
  else if (draw < 0.85) {
    // The other takes the lead from a tab that is frozen only for a moment: it comes back with what waited in it.
    leader.process.pause(random.unit() * GIVER_FROZEN_MS_MAX);
    kernel.after(random.waitMs(100), `${device.name} steals`, () => other.channel?.steal());
  } else {
    // A tab gives a message, its leader dies with or without having answered, and it asks again when others have gone on.
    other.send();
    kernel.after(random.waitMs(3), `${device.name} loses its leader`, () => {
      other.process.pause(random.unit() * GIVER_FROZEN_MS_MAX);
      leader.kill();
    });
  }
}
