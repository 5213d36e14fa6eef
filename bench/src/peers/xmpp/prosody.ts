/** Prosody with an archive of everybody's messages in its own files, which it does not sync. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, freePort } from "../child.js";
import { findInstalled } from "../installed.js";
import type { Peer, PeerServer, StartOptions } from "../peer.js";
import { DOMAIN, PASSWORD, ROOMS_DOMAIN, XmppClient, nameOf } from "./client.js";

export const prosody: Peer = {
  name: "prosody",
  kind: "chat",
  hasAcks: false,
  keepsMissed: true,
  promise: "Archives in files without a sync; says nothing to the sender.",
  find: () =>
    findInstalled({
      command: ["prosodyctl", "about"],
      version: /^Prosody (\S+)/m,
      packageName: "prosody",
    }),
  start: (options) => start(options),
};

async function start({ directory, users, core }: StartOptions): Promise<PeerServer> {
  const port = await freePort();
  const configuration = configurationOf(directory, port);
  const path = join(directory, "prosody.cfg.lua");
  writeFileSync(path, configuration);
  const accounts = join(directory, "data", DOMAIN, "accounts");
  mkdirSync(accounts, { recursive: true });
  for (let user = 0; user < users; user++)
    writeFileSync(join(accounts, `${nameOf(user)}.dat`), `return { ["password"] = "${PASSWORD}"; };\n`);
  const command = ["prosody", "--config", path, "-F"];
  const child = await Child.start({ command, directory, port, core });
  return {
    pid: child.pid,
    configuration,
    connect: (wanted) => XmppClient.connect(port, wanted),
    makeGroup: () => Promise.resolve(),
    stop: () => child.stop(),
  };
}

/** No limits of rates, no encryption, no other servers; everything is archived. */
function configurationOf(directory: string, port: number): string {
  return `run_as_root = true
pidfile = "${directory}/prosody.pid"
data_path = "${directory}/data"
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = { }
s2s_ports = { }
s2s_direct_tls_ports = { }
http_ports = { }
https_ports = { }
component_ports = { }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
gc = { mode = "generational" }
archive_expires_after = "never"
default_archive_policy = true
log = { { levels = { min = "warn" }, to = "console" } }
modules_enabled = { "disco", "roster", "saslauth", "ping", "mam" }
modules_disabled = { "s2s", "s2s_auth_certs", "offline" }
VirtualHost "${DOMAIN}"
Component "${ROOMS_DOMAIN}" "muc"
  modules_enabled = { "muc_mam" }
  muc_room_locking = false
  muc_room_default_persistent = true
  muc_log_by_default = true
`;
}
