/** The one worker of the app: it holds the app's files and shows what is pushed. The build puts `PARLEY_SHELL` above it. */
import { openConversation, showPush } from "./push-notices.js";
import { type Shell, ShellCache } from "./shell-cache.js";

declare const self: ServiceWorkerGlobalScope & { readonly PARLEY_SHELL: Shell };

const shell = new ShellCache(self.PARLEY_SHELL, {
  origin: self.location.origin,
  caches: self.caches,
  fetch: (path, init) => fetch(path, init),
});

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", onFetch);
self.addEventListener("push", (event) => event.waitUntil(showPush(event.data)));
self.addEventListener("notificationclick", (event) => event.waitUntil(openConversation(event.notification)));

async function install(): Promise<void> {
  await shell.install();
  // Nobody has to wait: a page finds the files of its own version here.
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  await shell.tidy();
  await self.clients.claim();
}

function onFetch(event: FetchEvent): void {
  const { request } = event;
  const path = shell.pathOf(request);
  if (path === undefined) return;
  event.respondWith(answer(request, path));
  // Without a network the page stays what it is.
  if (request.mode === "navigate") event.waitUntil(shell.renewPage().catch(() => undefined));
}

async function answer(request: Request, path: string): Promise<Response> {
  // A browser that is short of room may have deleted anything.
  return (await shell.find(path).catch(() => undefined)) ?? fetch(request);
}
