/** Sends a notification to a target by its channel, with the credentials of its organisation. */
import type { Ambient } from "@parley/base";
import type { UserKey } from "@parley/contracts";
import { ApnsChannel } from "./channels/apns.js";
import { type Delivery, failed, type Notification } from "./channels/channel.js";
import { FcmChannel } from "./channels/fcm.js";
import { HookChannel } from "./channels/hook.js";
import type { Network } from "./channels/network.js";
import type { VapidKeys } from "./channels/vapid.js";
import { WebPushChannel } from "./channels/web-push.js";
import type { PushCredentials } from "./credentials.js";
import type { KnownTarget } from "./push-targets.js";

/** Sends to any target. Never throws for what the world does. */
export type Deliver = (user: UserKey, target: KnownTarget, notification: Notification) => Promise<Delivery>;

/** `credentials` is asked each time, because they change while the server runs. */
export function deliverOver(
  network: Network,
  ambient: Ambient,
  keys: { readonly vapid: VapidKeys; readonly credentials: () => PushCredentials },
): Deliver {
  const webPush = new WebPushChannel(network, ambient);
  const apns = new ApnsChannel(network, ambient);
  const fcm = new FcmChannel(network, ambient);
  const hook = new HookChannel(network, ambient);
  return async ({ tenantId, userId }, target, notification) => {
    if (target.channel === "web-push") return webPush.send(target, notification, keys.vapid);
    const app = keys.credentials().get(tenantId)?.apps.get(target.appId);
    if (app === undefined || app.channel !== target.channel) return failed("no-credentials");
    const { token, deviceId } = target;
    if (app.channel === "apns") return apns.send({ token }, notification, app.apns);
    if (app.channel === "fcm") return fcm.send({ token }, notification, app.fcm);
    return hook.send({ tenantId, userId, deviceId, token }, notification, app.hook);
  };
}
