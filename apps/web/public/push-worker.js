/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-call, typescript/no-unsafe-member-access, typescript/no-unsafe-return, typescript/no-unsafe-argument -- Plain JavaScript: the types of workers cannot stand beside those of pages. */
/**
 * Shows the notifications that the server sends while no page is open, takes them away when the server says so, and opens
 * their conversation. Its messages are those of docs/subsystems/notification.md.
 */
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(onPush(event.data)));
self.addEventListener("notificationclick", (event) => event.waitUntil(onClick(event.notification)));

async function onPush(data) {
  const { kind, key, badge, conversation, title, text } = data.json();
  // Where icons have no badges there is none.
  await self.navigator.setAppBadge?.(Number(badge)).catch(() => undefined);
  if (kind === "withdraw") {
    for (const shown of await self.registration.getNotifications({ tag: key })) shown.close();
    return;
  }
  if (kind !== "alert") return;
  await self.registration.showNotification(title, {
    body: text ?? "",
    tag: key,
    renotify: true,
    icon: "/icon.svg",
    data: { conversation: conversation ?? "" },
  });
}

async function onClick(notification) {
  notification.close();
  const { conversation } = notification.data;
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
