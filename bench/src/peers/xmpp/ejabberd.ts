/** ejabberd with an archive of everybody's messages in Mnesia, as it comes. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, freePort } from "../child.js";
import { findInstalled } from "../installed.js";
import type { Found, Peer, PeerServer, StartOptions } from "../peer.js";
import { DOMAIN, ROOMS_DOMAIN, XmppClient } from "./client.js";

/** The script of the package, which knows where the package's code is. */
const SCRIPT = "/usr/sbin/ejabberdctl";
const REGISTERING_AT_A_TIME = 16;
const ASK_VERSION =
  'application:load(ejabberd), {ok, V} = application:get_key(ejabberd, vsn), io:format("ejabberd ~s~n", [V]), halt().';

export const ejabberd: Peer = {
  name: "ejabberd",
  kind: "chat",
  hasAcks: false,
  keepsMissed: true,
  promise: "Archives in Mnesia, which syncs its log now and then; says nothing to the sender.",
  find,
  start: (options) => start(options),
};

function find(): Found {
  return findInstalled({
    command: ["erl", "-noshell", "-eval", ASK_VERSION],
    version: /^ejabberd (\S+)$/m,
    packageName: "ejabberd",
    environment: { ERL_LIBS: librariesOf(), ERL_CRASH_DUMP_BYTES: "0" },
  });
}

async function start({ directory, users, core }: StartOptions): Promise<PeerServer> {
  const port = await freePort();
  const configuration = configurationOf(port);
  const path = join(directory, "ejabberd.yml");
  writeFileSync(path, configuration);
  mkdirSync(join(directory, "mnesia"));
  // What ejabberdctl starts, without a name in a network of Erlang nodes and as the user who measures.
  const mnesia = `"${directory}/mnesia"`;
  const command = [
    "erl",
    "-noinput",
    "+K",
    "true",
    "+P",
    "250000",
    "-mnesia",
    "dir",
    mnesia,
    "-s",
    "ejabberd",
  ];
  const environment = {
    EJABBERD_CONFIG_PATH: path,
    EJABBERD_LOG_PATH: join(directory, "ejabberd.log"),
    ERL_LIBS: librariesOf(),
    ERL_MAX_PORTS: "32000",
    ERL_CRASH_DUMP_BYTES: "0",
    HOME: directory,
  };
  const child = await Child.start({ command, directory, port, core, environment });
  const server = {
    pid: child.pid,
    configuration: `${configuration}\n# ${command.join(" ").replaceAll(directory, "DIRECTORY")}\n`,
    connect: (wanted) => XmppClient.connect(port, wanted),
    makeGroup: () => Promise.resolve(),
    stop: () => child.stop(),
  } satisfies PeerServer;
  try {
    await register(port, users);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return server;
}

async function register(port: number, users: number): Promise<void> {
  const rest = Array.from({ length: users }, (_, user) => user).values();
  const workers = Array.from({ length: REGISTERING_AT_A_TIME }, () => XmppClient.register(port, rest));
  await Promise.all(workers);
}

function librariesOf(): string {
  try {
    return /^ERL_LIBS='(.*)'$/m.exec(readFileSync(SCRIPT, "utf8"))?.[1] ?? "";
  } catch {
    // Not installed, or not as Debian does it: then it is where Erlang looks by itself, or is not found.
    return "";
  }
}

/** No limits of rates or of members, no encryption, no other servers; everything is archived. */
function configurationOf(port: number): string {
  return `loglevel: error
hosts: ["${DOMAIN}"]
listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    starttls: false
    backlog: 4096
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
access_rules:
  everybody:
    allow: all
modules:
  mod_disco: {}
  mod_roster: {}
  mod_ping: {}
  mod_register:
    access: everybody
    ip_access: everybody
  mod_mam:
    default: always
    assume_mam_usage: true
  mod_muc:
    host: "${ROOMS_DOMAIN}"
    max_users: 10000
    access_mam: [allow]
    default_room_options:
      mam: true
      persistent: true
      max_users: 10000
`;
}
