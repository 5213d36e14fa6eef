/** Mosquitto with sessions and messages that are kept, as Debian sets it up. */
import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Child, freePort } from "../child.js";
import { findInstalled } from "../installed.js";
import type { Peer, PeerServer, StartOptions } from "../peer.js";
import { MqttClient } from "./client.js";

export const mosquitto: Peer = {
  name: "mosquitto",
  kind: "broker",
  hasAcks: true,
  keepsMissed: true,
  promise:
    "Acknowledges from memory (QoS 1); writes its memory to a file every half an hour and at its end; keeps no history.",
  find: () =>
    findInstalled({
      command: ["mosquitto", "-h"],
      version: /^mosquitto version (\S+)/m,
      packageName: "mosquitto",
    }),
  start: (options) => start(options),
};

async function start({ directory, core }: StartOptions): Promise<PeerServer> {
  const port = await freePort();
  const configuration = configurationOf(directory, port);
  const path = join(directory, "mosquitto.conf");
  writeFileSync(path, configuration);
  const child = await Child.start({ command: ["mosquitto", "-c", path], directory, port, core });
  return {
    pid: child.pid,
    configuration,
    connect: (wanted) => MqttClient.connect(port, wanted),
    makeGroup: () => Promise.resolve(),
    stop: () => child.stop(),
  };
}

/** No limit of what waits for a client: with the default of 20 under way and 1,000 waiting, it would drop what a slow one misses. */
function configurationOf(directory: string, port: number): string {
  return `listener ${port} 127.0.0.1
user ${userInfo().username}
allow_anonymous true
persistence true
persistence_location ${directory}/
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
log_dest stderr
log_type error
`;
}
