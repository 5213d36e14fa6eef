/** Notifications of this browser while no page is open. */
import type { NotifyClient, WebPushSubscription } from "@parley/client";
import { Failure } from "@parley/base";
import { canHaveWorker, registerWorker } from "../updates/app-updates.js";

/** Whether this browser can be notified: it needs a secure page, and a browser that has it. */
export function canPush(): boolean {
  return canHaveWorker() && "PushManager" in window && "Notification" in window;
}

/** Whether this browser is subscribed. */
export async function isSubscribed(): Promise<boolean> {
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  return subscription !== null && subscription !== undefined;
}

/** Asks the user, subscribes, and tells the server. Errors: "push-denied"; those of the browser, and of `setPushTarget`. */
export async function subscribe(notify: NotifyClient): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted")
    throw new Failure("push-denied", "The user or the browser does not allow notifications.");
  const response = await fetch("/v1/push");
  const { publicKey } = (await response.json()) as { readonly publicKey: string };
  await registerWorker();
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription = await pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytesOf(publicKey),
  });
  await notify.setPushTarget({ channel: "web-push", subscription: keysOf(subscription) });
}

/** Ends it, here and at the server. */
export async function unsubscribe(notify: NotifyClient): Promise<void> {
  await notify.setPushTarget(undefined);
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

/**
 * Leaves nothing in this browser of what was pushed: no subscription, also when the server cannot be told, no notification and no
 * number. Never rejects.
 */
export async function forgetPushes(): Promise<void> {
  if (!canHaveWorker()) return;
  try {
    const registration = await navigator.serviceWorker.getRegistration();
    for (const shown of (await registration?.getNotifications()) ?? []) shown.close();
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
  } catch (error) {
    // A browser without push, or one that does not let go: the server ends it with the session.
    console.debug("parley:", "pushes not ended", String(error));
  }
}

function keysOf(subscription: PushSubscription): WebPushSubscription {
  const key = (name: PushEncryptionKeyName): Uint8Array => new Uint8Array(subscription.getKey(name)!);
  return { endpoint: subscription.endpoint, publicKey: key("p256dh"), authSecret: key("auth") };
}

function bytesOf(base64Url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64Url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
