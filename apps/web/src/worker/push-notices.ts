/**
 * Shows the notifications that the server sends while no page is open, takes them away when the server says so, and opens
 * their conversation. Its messages are those of docs/subsystems/notification.md.
 */
declare const self: ServiceWorkerGlobalScope;

interface Push {
  readonly kind: string;
  readonly key: string;
  readonly badge: string;
  readonly conversation?: string;
  readonly title?: string;
  readonly text?: string;
}

export async function showPush(data: PushMessageData | null): Promise<void> {
  if (data === null) return;
  const { kind, key, badge, conversation, title, text } = data.json() as Push;
  await showBadge(Number(badge));
  if (kind === "withdraw") {
    for (const shown of await self.registration.getNotifications({ tag: key })) shown.close();
    return;
  }
  if (kind !== "alert") return;
  const options = {
    body: text ?? "",
    tag: key,
    renotify: true,
    icon: "/icon-192.png",
    data: { conversation: conversation ?? "" },
  };
  await self.registration.showNotification(title ?? "Parley", options);
}

export async function openConversation(notification: Notification): Promise<void> {
  notification.close();
  const { conversation } = notification.data as { readonly conversation: string };
  const address = conversation === "" ? "/" : `/#/${encodeURIComponent(conversation)}`;
  const [page] = await self.clients.matchAll({ type: "window" });
  if (page === undefined) {
    await self.clients.openWindow(address);
    return;
  }
  await page.focus();
  // Only the fragment changes: the page stays as it is.
  await page.navigate(address);
}

async function showBadge(count: number): Promise<void> {
  // Where icons have no badges there is none.
  const badged: Partial<Pick<WorkerNavigator, "setAppBadge">> = self.navigator;
  await badged.setAppBadge?.(count).catch(() => undefined);
}
