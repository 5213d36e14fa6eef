/** An installation in a temporary directory, with two tenants who chat. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import type { Session } from "@parley/contracts";
import type { ClientMessageId, ConversationId, Message, TenantId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import { type Parley, type ParleyOptions, openParley } from "../parley.js";
import type { VerifyReport } from "../tables/verify-report.js";
import { verifyStopped } from "../tables/verify-stopped.js";

const KEEP_ALIVE_MS = 60_000;

/** More than a block holds, so that rows and blocks are there. */
export const MESSAGES = 150;

export interface Chat {
  readonly tenantId: TenantId;
  readonly session: Session;
  readonly conversationId: ConversationId;
}

export class TestDirectory {
  readonly root: string;
  readonly data: string;
  readonly fatal: unknown[] = [];

  constructor(root: string) {
    this.root = root;
    this.data = join(root, "data");
  }

  open(options: Partial<ParleyOptions> = {}): Promise<Parley> {
    return openParley({
      dataDirectory: this.data,
      ambient: systemAmbient(),
      onFatal: (error) => this.fatal.push(error),
      ...options,
    });
  }
}

export async function withDirectory(work: (directory: TestDirectory) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "parley-sealed-"));
  // As the program has one: the engine's timers do not keep a process alive.
  const keepAlive = setInterval(() => undefined, KEEP_ALIVE_MS);
  try {
    await work(new TestDirectory(root));
  } finally {
    clearInterval(keepAlive);
    await rm(root, { recursive: true });
  }
}

/** Verifies everything that a closed installation holds. */
export function verifyClosed({ data }: TestDirectory): Promise<VerifyReport> {
  return verifyStopped({ dataDirectory: data, ambient: systemAmbient(), onProgress: () => undefined });
}

/** Two users of a tenant and a group of theirs, with `MESSAGES` messages that hold `text`. */
export async function startChat(parley: Parley, tenant: string, text: string): Promise<Chat> {
  const tenantId = tenant as TenantId;
  const [ann, bob] = ["ann" as UserId, "bob" as UserId];
  await parley.accounts.addUsers(tenantId, [
    { userId: ann, name: `Ann ${text}` },
    { userId: bob, name: `Bob ${text}` },
  ]);
  const { session } = await parley.accounts.issueToken({
    tenantId,
    userId: ann,
    deviceName: `device ${text}`,
  });
  const group = { name: "group", title: `Title ${text}`, userIds: [bob], isHistoryOpen: true };
  const conversationId = await parley.message.createGroup(session, group);
  await sendMany(parley, { tenantId, session, conversationId }, { text, count: MESSAGES });
  return { tenantId, session, conversationId };
}

/** Sends numbered messages, the first as number `from`. */
export async function sendMany(
  parley: Parley,
  { session, conversationId }: Chat,
  { text, count, from = 1 }: { readonly text: string; readonly count: number; readonly from?: number },
): Promise<void> {
  const sends = Array.from({ length: count }, (_, index) =>
    parley.message.send(session, {
      conversationId,
      clientMessageId: `c${from + index}` as ClientMessageId,
      number: from + index,
      body: textBody(`${text} ${index}`),
    }),
  );
  await Promise.all(sends);
}

/** The newest messages that hold a text. */
export async function readTexts(
  parley: Parley,
  { session, conversationId }: Chat,
): Promise<readonly string[]> {
  const request = { conversationId, after: 0, before: 0, isForward: false, atMs: 0, limit: 100 };
  const { messages } = await parley.message.history(session, request);
  return messages.map((message: Message) => message.body?.text?.text ?? "").filter((text) => text !== "");
}
