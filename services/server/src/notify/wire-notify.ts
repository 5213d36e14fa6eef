/** Notifications: what users set, where their devices are, and the service that tells them. */
import type { AccountStore } from "@parley/api";
import { type Ambient, createUlidSource } from "@parley/base";
import type { NotifyCalls } from "@parley/contracts";
import { NotifiedGroupReader } from "@parley/message";
import {
  DeadLetters,
  type Deliver,
  type ModulePush,
  NotificationService,
  PushTargets,
  type TenantPush,
  type VapidKeys,
} from "@parley/notification";
import { decode, Event, isModuleEvent, type TenantId } from "@parley/protocol";
import { type FeedRegistry, notifySource, type NotifySettings } from "@parley/sync";
import type { Tables, WriteBackTables } from "@parley/tables";
import { findOrMakePushKey } from "./push-key.js";

/** How people are notified. */
export interface PushOptions {
  /** Whom push services may write to about web pushes: a mailto: or https: URL; empty for nobody. */
  readonly subject: string;
  readonly deliver: (vapid: VapidKeys) => Deliver;
  readonly tenantPush: (tenantId: TenantId) => TenantPush | undefined;
  /** Makes the key of web pushes, in PEM. Default: a new one. */
  readonly newKey?: () => string;
  /** As in NotificationOptions. */
  readonly confirmMs?: number;
}

export interface NotifyParts {
  readonly ambient: Ambient;
  readonly accounts: AccountStore;
  /** Those that write durably. */
  readonly accountTables: Tables;
  readonly tables: WriteBackTables;
  readonly feeds: FeedRegistry;
}

export interface Notify {
  readonly targets: PushTargets;
  readonly dead: DeadLetters;
  /** Undefined when nobody is notified. */
  readonly service: NotificationService | undefined;
  /** What browsers bind their subscriptions to. */
  readonly publicKey: string | undefined;
}

/** Opens what knows where devices are, and what tells them; it begins with `service.start`. */
export async function openNotify(push: PushOptions | undefined, parts: NotifyParts): Promise<Notify> {
  const { ambient, accounts, accountTables, tables, feeds } = parts;
  const targets = new PushTargets({ tables: accountTables, accounts });
  await targets.open();
  const dead = new DeadLetters(tables, createUlidSource(ambient.clock, ambient.random));
  await dead.open();
  if (push === undefined) return { targets, dead, service: undefined, publicKey: undefined };
  const vapid = await findOrMakePushKey(accountTables, push.subject, push.newKey);
  const service = new NotificationService({
    ambient,
    tables,
    targets,
    accounts,
    dead,
    source: notifySource(tables, feeds, new NotifiedGroupReader(tables)),
    deliver: push.deliver(vapid),
    tenantPush: push.tenantPush,
    modulePushOf,
    ...(push.confirmMs === undefined ? {} : { confirmMs: push.confirmMs }),
  });
  await service.open();
  return { targets, dead, service, publicKey: vapid.publicKey };
}

/** What a module asks for with an event; undefined for all other events. Keys of one module mean nothing to another. */
function modulePushOf(bytes: Uint8Array): ModulePush | undefined {
  const module = isModuleEvent(bytes) ? decode(Event, bytes).module : undefined;
  if (module === undefined) return undefined;
  const { policy = "none", title = "", text = "" } = module.push ?? {};
  const isKnown = policy === "alert" || policy === "data";
  const collapseKey = module.collapseKey === "" ? "" : `${module.module}/${module.collapseKey}`;
  return { push: isKnown ? policy : "none", title, text, collapseKey, data: module.data };
}

/** What of notifications others use. */
export interface NotifyServices {
  /** What the gateway asks. */
  readonly notify: NotifyCalls;
  /** Undefined when nobody is notified. */
  readonly notifications: NotificationService | undefined;
  /** Notifications that were given up. */
  readonly deadLetters: DeadLetters;
  /** What browsers bind their push subscriptions to; undefined without notifications. */
  readonly pushPublicKey: string | undefined;
}

export function notifyServices(settings: NotifySettings, parts: Notify): NotifyServices {
  const { targets, service, dead, publicKey } = parts;
  return {
    notify: {
      setNotify: (session, change) => settings.setNotify(session, change),
      doNotDisturb: (session) => settings.doNotDisturb(session),
      setPushTarget: async (session, target) => {
        await targets.setPushTarget(session, target);
        await service?.onTarget(session);
      },
    },
    notifications: service,
    deadLetters: dead,
    pushPublicKey: publicKey,
  };
}
