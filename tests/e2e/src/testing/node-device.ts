/** A device of a user in Node, which keeps what it holds in a file and can be started again with it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ParleyClient } from "@parley/client";
import { createNodeClient, type Login, login } from "@parley/client/node";
import { type DeviceState, stateOfFile } from "./device-state.js";
import { PASSWORD, WAIT_MS_MAX } from "./web-bench.js";

export class NodeDevice {
  readonly #url: string;
  readonly #session: Login;
  readonly #directory: string;
  #client: ParleyClient;

  private constructor(url: string, session: Login, directory: string) {
    this.#url = url;
    this.#session = session;
    this.#directory = directory;
    this.#client = this.#create();
  }

  /** Signs a device in and waits until it has everything. */
  static async start(url: string, user: string): Promise<NodeDevice> {
    const session = await login(url, { user, password: PASSWORD, device: "e2e" });
    const device = new NodeDevice(url, session, await mkdtemp(join(tmpdir(), "parley-device-")));
    await device.start();
    return device;
  }

  /** The one that runs, or ran last. */
  get client(): ParleyClient {
    return this.#client;
  }

  /** Starts it again with what is in its file. */
  async start(): Promise<void> {
    this.#client = this.#create();
    await this.#client.start();
    await this.#client.settled(WAIT_MS_MAX);
  }

  async stop(): Promise<void> {
    await this.#client.stop();
  }

  /** What is in its file; it is stopped for that, and started again. */
  async state(): Promise<DeviceState> {
    await this.stop();
    const state = await stateOfFile(this.#path);
    await this.start();
    return state;
  }

  /** Ends it and deletes its file. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true });
  }

  get #path(): string {
    return join(this.#directory, "store");
  }

  #create(): ParleyClient {
    const { token, userId, deviceId } = this.#session;
    return createNodeClient({ url: this.#url, token, userId, deviceId, storePath: this.#path });
  }
}
