/** All systems that are measured, in the order of the report. */
import { limit } from "./limit/limit.js";
import { mosquitto } from "./mqtt/mosquitto.js";
import { nats } from "./nats/nats.js";
import { parley } from "./parley.js";
import type { Peer } from "./peer.js";
import { redis } from "./redis/redis.js";
import { ejabberd } from "./xmpp/ejabberd.js";
import { prosody } from "./xmpp/prosody.js";

export const SYSTEMS: readonly Peer[] = [
  parley,
  limit(true),
  limit(false),
  prosody,
  ejabberd,
  mosquitto,
  nats,
  redis,
];
