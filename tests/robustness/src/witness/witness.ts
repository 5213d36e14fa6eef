/**
 * Watches a run of real processes for the checker. What devices ask, are told and store is noted as it happens; what the
 * server's machines assigned is read from its logs when it has ended, with both machines applied to them once more.
 *
 *   client ─► transport, store ─┐
 *   raw client ─► packets ──────┴► notes ─┐
 *                                         ├► history ─► checker
 *   data directory ─► logs ─► truth ──────┘      └────► what devices show at the end, equal to the truth
 */
import { check, type Figures, LateAssignments } from "@parley/checker";
import {
  type Change,
  type ClientStore,
  createClient,
  createMemoryStore,
  type ParleyClient,
  type Transport,
} from "@parley/client";
import { createFileStore, createNodeTransport } from "@parley/client/node";
import type { Logger } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { Installation, RawClientOptions } from "@parley/bench";
import type { ConversationEntry, ConversationId, Message, UserId } from "@parley/protocol";
import {
  complaintsOf,
  type DeviceView,
  type Direction,
  followSent,
  judge,
  Recording,
  type SentText,
  Truth,
} from "@parley/simulator/recording";
import { readLogs } from "./read-logs.js";

export interface WitnessedClientOptions {
  /** The server or what stands before it, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token: string;
  readonly userId: UserId;
  /** The file of its store; without one it keeps everything in memory. */
  readonly storePath?: string;
  readonly logger?: Logger;
}

/** What a device shows at the end. */
export interface Look {
  readonly token: string;
  readonly entries: readonly ConversationEntry[];
  /** All messages of each conversation that the user is in. */
  readonly messages: ReadonlyMap<ConversationId, readonly Message[]>;
}

export interface Ending {
  /** Of the server, which has ended. */
  readonly dataDirectory: string;
  readonly looks?: readonly Look[];
  /** Tokens of the devices that got everything before they ended. */
  readonly drained?: readonly string[];
  /** For the tests of the witness: one that writes something else down than what happened. */
  readonly recorder?: LateAssignments;
}

export interface Judgement {
  /** Each with the code of the anomaly and its smallest examples; empty when all is well. */
  readonly complaints: readonly string[];
  /** How much the checker has judged. */
  readonly figures: Figures;
  readonly truth: Truth;
}

interface Witnessed {
  readonly name: string;
  readonly userId: UserId;
  readonly sent: Map<string, SentText>;
  isRaw: boolean;
  storedPosition: { readonly epoch: number; readonly pts: number } | undefined;
}

interface Note {
  readonly atMs: number;
  readonly tell: (recording: Recording) => void;
}

export class Witness {
  readonly #installation: Installation;
  readonly #beganMs = performance.now();
  readonly #notes: Note[] = [];
  /** By token. A device is named by its user and the place of its token: "anna/0". */
  readonly #devices = new Map<string, Witnessed>();

  constructor(installation: Installation) {
    this.#installation = installation;
    for (const [userId, tokens] of installation.tokens) {
      for (const [index, token] of tokens.entries())
        this.#devices.set(token, {
          name: `${userId}/${index}`,
          userId,
          sent: new Map(),
          isRaw: false,
          storedPosition: undefined,
        });
    }
  }

  /** A client of the SDK as Node has it, watched at its connections and its store. */
  createClient({ url, token, userId, storePath, logger }: WitnessedClientOptions): ParleyClient {
    const device = this.#device(token);
    const store = storePath === undefined ? createMemoryStore() : createFileStore({ path: storePath });
    return createClient({
      url: `${url.replace(/^http/, "ws")}/v1/ws`,
      token,
      userId,
      store: this.#watchStore(store, device),
      transport: this.#watchTransport(createNodeTransport(), device),
      ambient: systemAmbient(logger),
    });
  }

  /**
   * Of the devices that a raw client was: those count as drained when the server has stopped in order. None when there
   * were devices of the SDK too, for beside one with a position the checker asks for everybody's.
   */
  get rawTokens(): readonly string[] {
    const devices = [...this.#devices];
    if (devices.some(([, { storedPosition }]) => storedPosition !== undefined)) return [];
    return devices.flatMap(([token, { isRaw }]) => (isRaw ? [token] : []));
  }

  /** For the options of a raw client: it is watched at its connection. */
  rawTap(token: string): Pick<RawClientOptions, "token" | "onPacket"> {
    const device = this.#device(token);
    device.isRaw = true;
    return { token, onPacket: (direction, packet) => this.#notePacket(device, direction, packet) };
  }

  /** What was wrong with the run. Errors: those of the journal when the logs cannot be read. */
  async judge({ dataDirectory, looks = [], drained = [], recorder }: Ending): Promise<Judgement> {
    const { tenantId, deviceIds, epoch } = this.#installation;
    const complaints: string[] = [];
    let nowMs = 0;
    const history = recorder ?? new LateAssignments();
    const recording = new Recording({ tenantId, nowMs: () => nowMs, recorder: history });
    for (const [token, { name, userId }] of this.#devices)
      recording.addDevice(name, userId, deviceIds.get(token)!);
    const onTrouble = (what: string): void => void complaints.push(what);
    const truth = new Truth({ onTrouble, recording, epoch: () => epoch });
    await readLogs(dataDirectory, truth.tap);
    for (const { atMs, tell } of this.#notes) {
      nowMs = atMs;
      tell(recording);
    }
    history.ended();
    for (const token of drained) recording.drained(this.#device(token).name, nowMs);
    const views = looks.map(({ token, entries, messages }): DeviceView => {
      const device = this.#device(token);
      recording.looked(device.name, entries, messages);
      return { device, entries, messages, found: new Map() };
    });
    const report = check(history.history);
    complaints.push(...complaintsOf(report), ...judge(truth, views));
    return { complaints, figures: report.figures, truth };
  }

  #watchTransport(transport: Transport, device: Witnessed): Transport {
    let newest = 0;
    return {
      connect: (url, handlers) => {
        const number = ++newest;
        let isClosed = false;
        const connection = transport.connect(url, {
          ...handlers,
          onPacket: (packet) => {
            // What a connection brings that the device has given up is not read any more.
            if (!isClosed && number === newest) this.#notePacket(device, "to-device", packet);
            handlers.onPacket(packet);
          },
        });
        return {
          send: (packet) => {
            this.#notePacket(device, "to-server", packet);
            connection.send(packet);
          },
          close: (code) => {
            isClosed = true;
            connection.close(code);
          },
          get bufferedBytes() {
            return connection.bufferedBytes;
          },
        };
      },
    };
  }

  #watchStore(store: ClientStore, device: Witnessed): ClientStore {
    return {
      load: async () => {
        const state = await store.load();
        if (device.storedPosition !== undefined)
          this.#note((recording) => recording.restarted(device.name, state.position));
        device.storedPosition = state.position;
        return state;
      },
      commit: (changes, leader) =>
        store.commit(changes, leader).then(() => this.#onCommitted(device, changes)),
      readMessages: (conversationId, range) => store.readMessages(conversationId, range),
      close: () => store.close(),
      destroy: () => store.destroy(),
    };
  }

  #onCommitted(device: Witnessed, changes: readonly Change[]): void {
    this.#note((recording) => recording.committed(device.name, changes));
    followSent(device.sent, changes);
    for (const change of changes) if (change.kind === "position") device.storedPosition = change.position;
  }

  #notePacket(device: Witnessed, direction: Direction, packet: Uint8Array): void {
    // A copy: what arrives shares its memory with what came before and after it.
    const bytes = new Uint8Array(packet);
    this.#note((recording) => recording.packet(device.name, direction, bytes));
  }

  #note(tell: (recording: Recording) => void): void {
    this.#notes.push({ atMs: Math.floor(performance.now() - this.#beganMs), tell });
  }

  #device(token: string): Witnessed {
    const device = this.#devices.get(token);
    if (device === undefined) throw new Error("No device of the installation has this token.");
    return device;
  }
}
