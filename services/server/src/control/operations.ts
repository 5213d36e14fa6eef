/**
 * What an operator may do to an installation, in values that survive JSON. The command line calls it directly when no
 * server holds the data directory, and through the control socket when one does; both ways do the same.
 */
import { Failure } from "@parley/base";
import {
  type ConversationId,
  type SessionId,
  type User,
  type UserId,
  parseConversationId,
  parseTenantId,
  parseUserId,
  textBody,
} from "@parley/protocol";
import { CAMPAIGN_USERS_MAX, type CampaignStatus } from "@parley/message";
import type { SessionInfo } from "@parley/contracts";
import type { ArchiveStatus, StandbyStatus } from "@parley/backup";
import type { LevelFigures } from "@parley/engine-embedded";
import type { DeadLetterRow, NotificationCounts } from "@parley/notification";
import type { MediaStatus } from "@parley/media";
import type { IndexStatus, RowKey, TableStatistics } from "@parley/tables";
import type { BackupStatus } from "../backup/backups.js";
import type { HistoryStatus } from "../history/history-keeper.js";
import type { KeyStatus } from "../keys/key-tools.js";
import type { Encryption, Parley } from "../parley.js";
import type { RowView } from "../tables/row-view.js";
import { TABLE_JOB_KINDS, type TableJobRequest, type TableJobStatus } from "../tables/table-jobs.js";
import { getRow, type ScanPage, type ScanRequest, scanRows } from "../tables/table-reading.js";
import { type Fields, fieldsOf } from "./fields.js";
import { MODULE_HANDLERS, type ModuleOperations } from "./module-operations.js";

export interface ImportedItem {
  readonly senderId: UserId;
  readonly timeMs: number;
  readonly text: string;
}

/** What became of notifications. */
export interface NotifyReport {
  /** Since the start of the server; null: none runs. */
  readonly counts: NotificationCounts | null;
  readonly letters: readonly DeadLetterRow[];
}

/** Every argument is one object with the tenant in it. Errors: those of the account store and the import. */
export interface Operations extends ModuleOperations {
  /** Figures of the process that holds the data directory. */
  status(of: { readonly tenant: string }): Promise<{
    readonly pid: number;
    readonly fsyncs: number;
    readonly journalBytes: number;
    readonly appendedRecords: number;
  }>;
  addUser(user: {
    readonly tenant: string;
    readonly userId: string;
    readonly name: string;
    readonly password?: string;
    readonly isSystem?: boolean;
  }): Promise<null>;
  /** Begins to send a text to everybody, or to `userIds`. Resolves with the campaign's id. Errors: those of `Campaigns.start`. */
  startCampaign(campaign: {
    readonly tenant: string;
    readonly senderId: string;
    readonly text: string;
    readonly userIds?: readonly string[];
  }): Promise<string>;
  listCampaigns(of: { readonly tenant: string }): Promise<readonly CampaignStatus[]>;
  cancelCampaign(of: { readonly tenant: string; readonly campaignId: string }): Promise<null>;
  /** Adds those that do not exist yet, without passwords; at most USERS_PER_CALL_MAX. Resolves with how many were added. */
  addUsers(of: {
    readonly tenant: string;
    readonly users: readonly Pick<User, "userId" | "name">[];
  }): Promise<number>;
  listUsers(page: { readonly tenant: string; readonly after: string }): Promise<{
    readonly users: readonly User[];
    /** Empty on the last page. */
    readonly next: string;
  }>;
  setPassword(of: {
    readonly tenant: string;
    readonly userId: string;
    readonly password: string;
  }): Promise<null>;
  /** What the organisation says of a user; what is left out stays. */
  setDetails(of: {
    readonly tenant: string;
    readonly userId: string;
    readonly name?: string;
    readonly title?: string;
    readonly department?: string;
  }): Promise<null>;
  setDisabled(of: {
    readonly tenant: string;
    readonly userId: string;
    readonly isDisabled: boolean;
  }): Promise<null>;
  issueToken(of: {
    readonly tenant: string;
    readonly userId: string;
    readonly deviceName: string;
    readonly lifetimeMs: number;
  }): Promise<{
    readonly token: string;
    readonly sessionId: string;
    readonly deviceId: string;
    readonly expiresAtMs: number;
  }>;
  listSessions(of: { readonly tenant: string; readonly userId: string }): Promise<readonly SessionInfo[]>;
  revokeSession(of: {
    readonly tenant: string;
    readonly userId: string;
    readonly sessionId: string;
  }): Promise<null>;
  /** Creates a group for imported history, or adds members to it. Resolves with the messages brought in before. */
  openImportedGroup(group: {
    readonly tenant: string;
    readonly conversationId: string;
    readonly title: string;
    readonly userIds: readonly string[];
    readonly timeMs: number;
  }): Promise<number>;
  /** Errors: "not-encrypted". */
  keyStatus(of: Readonly<Record<string, never>>): Promise<KeyStatus>;
  /** Resolves with the version of the tenant's new key. Errors: "not-encrypted", "tenant-has-no-key". */
  rotateKey(of: { readonly tenant: string }): Promise<number>;
  importHistory(batch: {
    readonly tenant: string;
    readonly conversationId: string;
    readonly index: number;
    readonly items: readonly ImportedItem[];
    readonly isLast: boolean;
  }): Promise<null>;
  /** Begins a backup; `bytesPerSecond` 0 is no limit. Errors: those of `Backups.start`. */
  startBackup(of: {
    readonly tenant: string;
    readonly directory: string;
    readonly bytesPerSecond: number;
  }): Promise<null>;
  backupStatus(of: { readonly tenant: string }): Promise<BackupStatus>;
  /** How the copies that are kept elsewhere stand; null for an archive that is not kept. */
  copies(of: { readonly tenant: string }): Promise<{
    readonly archive: ArchiveStatus | null;
    readonly standbys: readonly StandbyStatus[];
  }>;
  /** Since the server was started, of all tenants; with so many of the hottest partitions. */
  tableStatistics(of: {
    readonly hotMax: number;
  }): Promise<TableStatistics & { readonly files: LevelFigures }>;
  /** A page of rows of any table. Errors: those of `scanRows` in tables/table-reading.ts. */
  scanRows(request: ScanRequest): Promise<ScanPage>;
  /** Begins work on all tables. Errors: "tables-busy"; others are told by its status. */
  startTableJob(request: TableJobRequest): Promise<null>;
  tableJobStatus(of: Readonly<Record<string, never>>): Promise<TableJobStatus>;
  indexStatus(of: Readonly<Record<string, never>>): Promise<readonly IndexStatus[]>;
  /** How long a conversation is kept, in days: 0 as the installation says, DAYS_NEVER for ever. Errors: those of `Keeping`. */
  setKeeping(of: {
    readonly tenant: string;
    readonly conversationId: string;
    readonly keepDays: number;
    readonly coldAfterDays: number;
  }): Promise<null>;
  /** What becomes of old messages. */
  historyStatus(of: Readonly<Record<string, never>>): Promise<HistoryStatus>;
  /** What became of files that nobody needs. */
  mediaStatus(of: Readonly<Record<string, never>>): Promise<MediaStatus>;
  /** Notifications that were given up, the newest first, and what became of the others. */
  deadLetters(of: { readonly limit: number }): Promise<NotifyReport>;
  /** Null when there is no such row. Errors: as `scanRows`. */
  getRow(request: RowKey & { readonly table: string; readonly isRaw: boolean }): Promise<RowView | null>;
}

/** Errors: "not-encrypted". */
export function encryptionOf({ encryption }: Pick<Parley, "encryption">): Encryption {
  if (encryption !== undefined) return encryption;
  throw new Failure("not-encrypted", "This installation was created without encryption: it has no keys.", {
    retry: "after-change",
  });
}

export type OperationName = keyof Operations;
export type Handler = (parley: Parley, call: Fields) => Promise<unknown>;

export const USERS_PER_CALL_MAX = 10_000;
const PAGE_USERS = 500;

/** By name, each reading its arguments from JSON. */
export const HANDLERS: Readonly<Record<OperationName, Handler>> = {
  status: (parley) => Promise.resolve({ pid: process.pid, ...parley.stats() }),
  addUser: (parley, call) =>
    done(
      parley.accounts.addUser({
        ...userOf(call),
        name: call.text("name"),
        isSystem: call.has("isSystem") && call.flag("isSystem"),
        ...(call.has("password") ? { password: call.text("password") } : {}),
      }),
    ),
  startCampaign: ({ campaigns }, call) =>
    campaigns.start(tenantOf(call), {
      senderId: parseUserId(call.text("senderId")),
      body: textBody(call.text("text")),
      userIds: call.has("userIds")
        ? call.list("userIds", CAMPAIGN_USERS_MAX, (each) => parseUserId(String(each)))
        : undefined,
    }),
  listCampaigns: ({ campaigns }, call) => campaigns.list(tenantOf(call)),
  cancelCampaign: ({ campaigns }, call) => done(campaigns.cancel(tenantOf(call), call.text("campaignId"))),
  addUsers: (parley, call) => {
    const users = call.list("users", USERS_PER_CALL_MAX, (each) => {
      const user = fieldsOf(each);
      return { userId: parseUserId(user.text("userId")), name: user.text("name") };
    });
    return parley.accounts.addUsers(tenantOf(call), users);
  },
  listUsers: (parley, call) =>
    parley.accounts.listUsers(tenantOf(call), { prefix: "", after: call.text("after"), limit: PAGE_USERS }),
  setPassword: (parley, call) => {
    const { tenantId, userId } = userOf(call);
    return done(parley.accounts.setPassword(tenantId, userId, call.text("password")));
  },
  setDetails: (parley, call) => {
    const { tenantId, userId } = userOf(call);
    const said = ["name", "title", "department"].filter((field) => call.has(field));
    const details = Object.fromEntries(said.map((field) => [field, call.text(field)]));
    return done(parley.accounts.setDetails(tenantId, userId, details));
  },
  setDisabled: (parley, call) => {
    const { tenantId, userId } = userOf(call);
    return done(parley.accounts.setDisabled(tenantId, userId, call.flag("isDisabled")));
  },
  issueToken: async (parley, call) => {
    const { token, session } = await parley.accounts.issueToken({
      ...userOf(call),
      deviceName: call.text("deviceName"),
      lifetimeMs: call.count("lifetimeMs"),
    });
    return {
      token,
      sessionId: session.sessionId,
      deviceId: session.deviceId,
      expiresAtMs: session.expiresAtMs,
    };
  },
  listSessions: (parley, call) => {
    const { tenantId, userId } = userOf(call);
    return parley.accounts.listSessions(tenantId, userId);
  },
  revokeSession: (parley, call) => {
    const { tenantId, userId } = userOf(call);
    return done(parley.accounts.revoke(tenantId, userId, call.text("sessionId") as SessionId));
  },
  keyStatus: async (parley) => encryptionOf(parley).keys.status(),
  rotateKey: async (parley, call) => encryptionOf(parley).keys.rotate(call.text("tenant")),
  openImportedGroup: (parley, call) =>
    parley.importing.openImportedGroup(tenantOf(call), {
      conversationId: parseConversationId(call.text("conversationId")),
      title: call.text("title"),
      userIds: call.list("userIds", USERS_PER_CALL_MAX, (each) => parseUserId(String(each))),
      timeMs: call.count("timeMs"),
    }),
  importHistory: (parley, call) =>
    done(
      parley.importing.importHistory(tenantOf(call), conversationOf(call), {
        index: call.count("index"),
        items: call.list("items", Number.MAX_SAFE_INTEGER, (each) => {
          const item = fieldsOf(each);
          return {
            senderId: parseUserId(item.text("senderId")),
            timeMs: item.count("timeMs"),
            text: item.text("text"),
          };
        }),
        isLast: call.flag("isLast"),
      }),
    ),
  startBackup: (parley, call) =>
    done(parley.backups.start(call.text("directory"), call.count("bytesPerSecond"))),
  backupStatus: (parley) => Promise.resolve(parley.backups.status),
  copies: (parley) =>
    Promise.resolve({ archive: parley.archiveStatus() ?? null, standbys: parley.standbys?.status ?? [] }),
  tableStatistics: (parley, call) =>
    Promise.resolve({ ...parley.tableStatistics(call.count("hotMax")), files: parley.fileFigures() }),
  scanRows: ({ tableStack }, call) =>
    scanRows(tableStack, {
      table: call.text("table"),
      limit: call.count("limit"),
      isRaw: call.flag("isRaw"),
      ...(call.has("partition") ? { partition: call.key("partition") } : {}),
      ...(call.has("from") ? { from: call.key("from") } : {}),
      ...(call.has("after") ? { after: placeOf(fieldsOf(call.value("after"))) } : {}),
    }),
  startTableJob: ({ tableJobs }, call) => {
    tableJobs.start(tableJobOf(call));
    return Promise.resolve(null);
  },
  tableJobStatus: ({ tableJobs }) => Promise.resolve(tableJobs.status),
  indexStatus: (parley) => Promise.resolve(parley.indexes()),
  setKeeping: ({ keeping }, call) => {
    const key = { tenantId: tenantOf(call), conversationId: conversationOf(call) };
    const days = { keepDays: call.count("keepDays"), coldAfterDays: call.count("coldAfterDays") };
    return done(keeping.setKeeping(key, days));
  },
  ...MODULE_HANDLERS,
  historyStatus: ({ historyKeeper }) => Promise.resolve(historyKeeper.status),
  mediaStatus: ({ media }) => Promise.resolve(media!.keeper.status),
  deadLetters: async ({ notifications, deadLetters }, call) => {
    const letters = await deadLetters.list(call.count("limit"));
    return { counts: notifications?.counts() ?? null, letters };
  },
  getRow: ({ tableStack }, call) =>
    getRow(tableStack, { ...placeOf(call), table: call.text("table"), isRaw: call.flag("isRaw") }),
};

/** The operations on an installation that this process holds. */
export function localOperations(parley: Parley): Operations {
  return operationsOver((name, argument) => HANDLERS[name](parley, fieldsOf(argument)));
}

/** Operations whose calls all go through `call`. */
export function operationsOver(
  call: (name: OperationName, argument: unknown) => Promise<unknown>,
): Operations {
  const names = Object.keys(HANDLERS) as OperationName[];
  const methods = names.map((name) => [name, (argument: unknown) => call(name, argument)] as const);
  return Object.fromEntries(methods) as unknown as Operations;
}

/** Errors: "bad-request" for a name that is none. */
export function parseOperationName(text: string): OperationName {
  if (!Object.hasOwn(HANDLERS, text)) {
    throw new Failure("bad-request", "This server does not know the operation: use tools of its version.");
  }
  return text as OperationName;
}

function tenantOf(call: Fields): ReturnType<typeof parseTenantId> {
  return parseTenantId(call.text("tenant"));
}

function userOf(call: Fields): { tenantId: ReturnType<typeof parseTenantId>; userId: UserId } {
  return { tenantId: tenantOf(call), userId: parseUserId(call.text("userId")) };
}

function conversationOf(call: Fields): ConversationId {
  return parseConversationId(call.text("conversationId"));
}

function placeOf(call: Fields): RowKey {
  return { partition: call.key("partition"), sort: call.key("sort") };
}

function tableJobOf(call: Fields): TableJobRequest {
  const kind = TABLE_JOB_KINDS.find((each) => each === call.text("kind"));
  if (kind === undefined) throw new Failure("bad-request", "This server does not know the kind of the job.");
  const isGentle = call.flag("isGentle");
  if (kind === "verify" || kind === "compact" || kind === "tidy-media") return { kind, isGentle };
  if (kind === "tidy-history") return { kind, isGentle, ...policyOf(call) };
  const name = fieldsOf(call.value("index"));
  return { kind, isGentle, index: { table: name.text("table"), index: name.text("index") } };
}

function policyOf(call: Fields): Pick<TableJobRequest, "policy"> {
  if (!call.has("policy")) return {};
  const policy = fieldsOf(call.value("policy"));
  const days = (name: string): number | undefined => (policy.has(name) ? policy.count(name) : undefined);
  return { policy: { coldAfterDays: days("coldAfterDays"), keepDays: days("keepDays") } };
}

async function done(work: Promise<void>): Promise<null> {
  await work;
  return null;
}
