/** The media service over memory, with the messages of a test. */
import type { HistorySpan, Session, UploadPart } from "@parley/contracts";
import { Failure, type Logger } from "@parley/base";
import { ManualTime, manualAmbient, RecordingLogger } from "@parley/base/testing";
import { Blobs, checksums, MemoryBlobs } from "@parley/blobs";
import type {
  ConversationId,
  DeviceId,
  MediaId,
  Message,
  MessageId,
  SessionId,
  TenantId,
  UserId,
} from "@parley/protocol";
import { AS_SENT, Body, filled, mediaOf } from "@parley/protocol";
import { MemoryTables, MemoryTableStore, type Tables } from "@parley/tables";
import { Claims } from "../claims.js";
import { MediaKeeper } from "../media-keeper.js";
import { MediaService } from "../media-service.js";
import { MediaStore } from "../media-store.js";
import { type Pictures, sharpPictures } from "../pictures.js";
import type { MediaLimits } from "../uploads.js";

export const PART_BYTES = 64;
export const GROUP = "g:team" as ConversationId;
const LIMITS: MediaLimits = { fileBytesMax: 1_000_000, uploadingBytesMax: 2_000_000 };

export function sessionOf(userId: string, tenantId = "main"): Session {
  return {
    tenantId: tenantId as TenantId,
    userId: userId as UserId,
    deviceId: `d-${userId}` as DeviceId,
    sessionId: `s-${userId}` as SessionId,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
}

/** A source of these pieces; rejects behind them when it is told to. */
export function partOf(offset: number, pieces: readonly Uint8Array[], error?: Error): UploadPart {
  return {
    offset,
    source: (async function* () {
      yield* pieces;
      if (error !== undefined) throw error;
    })(),
    stop: () => undefined,
  };
}

export interface MediaBenchOptions {
  readonly limits?: Partial<MediaLimits>;
  readonly pictures?: Pictures;
  /** Between the service and the tables, such as one that fails. */
  readonly over?: (tables: Tables) => Tables;
  readonly partBytes?: number;
}

export class MediaBench {
  readonly time = new ManualTime();
  readonly logger: Logger & { readonly warnings: string[] } = new RecordingLogger();
  readonly parts = new MemoryBlobs();
  readonly stored = new MemoryTableStore();
  /** What is in the conversations, by name; a test changes them. */
  readonly messages = new Map<string, Message>();
  /** Who sees the messages. */
  readonly members = new Set(["main/ann", "main/bob"]);
  /** Asked for one of these, the messages cannot be read. */
  unreadable: string | undefined;
  readonly #options: MediaBenchOptions;
  #tables!: Tables;
  #store!: MediaStore;
  service!: MediaService;
  claims!: Claims;
  keeper!: MediaKeeper;

  constructor(options: MediaBenchOptions = {}) {
    this.#options = options;
    this.restart();
  }

  get tables(): Tables {
    return this.#tables;
  }

  get store(): MediaStore {
    return this.#store;
  }

  /** A new process over what is stored. */
  restart(): void {
    const { time, logger, parts } = this;
    const { limits, pictures = sharpPictures(logger), over = (tables) => tables, partBytes } = this.#options;
    const ambient = { ...manualAmbient(time, logger), logger };
    this.#tables = over(new MemoryTables(this.stored, time));
    const size = partBytes ?? PART_BYTES;
    const blobs = new Blobs({ store: parts, seals: checksums, partBytes: size, blockBytes: size / 4 });
    this.#store = new MediaStore({ tables: this.#tables, blobs, clock: time });
    const { store } = this;
    this.service = new MediaService({
      store,
      pictures,
      limits: { ...LIMITS, ...limits },
      random: { ...ambient.random, bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
      scheduler: time,
      messages: {
        history: (session, { conversationId, before }) => this.#history(session, conversationId, before - 1),
      },
    });
    this.claims = new Claims({ store, logger });
    this.keeper = new MediaKeeper({
      store,
      parts,
      claims: this.claims,
      ambient,
      lookup: {
        findShown: async ({ conversationId, messageId, mediaId }) => {
          if (this.unreadable === messageId) throw new Failure("cold-missing", "It cannot be read.");
          const message = [...this.messages.values()].find((each) => each.messageId === messageId);
          const isThere = message?.conversationId === conversationId && message.recall === undefined;
          const holds = isThere && mediaOf(message.body).some((each) => each.mediaId === mediaId);
          return holds ? message.sequence : undefined;
        },
      },
    });
  }

  /** Uploads all of it, and completes it. */
  async upload(
    session: Session,
    bytes: Uint8Array,
    what: { readonly name?: string; readonly type?: string } = {},
  ): Promise<MediaId> {
    const { mediaId } = await this.service.createUpload(session, {
      bytes: bytes.length,
      name: what.name ?? "a.bin",
      type: what.type ?? "",
    });
    await this.service.appendUpload(session, mediaId, partOf(0, [bytes]));
    await this.service.completeUpload(session, mediaId);
    return mediaId;
  }

  /** What the message service does with a message that holds a file. */
  async send(session: Session, mediaId: MediaId, sequence: number): Promise<Message> {
    const messageId = `M${sequence}` as MessageId;
    const claim = { mediaId, conversationId: GROUP, messageId, after: sequence - 1, isForward: false };
    const info = await this.claims.claim(session, claim);
    const message = this.put(sequence, filled(Body, { media: { ...info, durationMs: 0, caption: "" } }));
    this.claims.settle(session, claim, sequence);
    await this.claims.settled();
    return message;
  }

  put(sequence: number, body: Body | undefined): Message {
    const message: Message = {
      conversationId: GROUP,
      sequence,
      messageId: `M${sequence}` as MessageId,
      senderId: "ann" as UserId,
      clientMessageId: "" as Message["clientMessageId"],
      timeMs: this.time.nowMs(),
      body,
      isCountable: true,
      ...AS_SENT,
    };
    this.messages.set(`${GROUP} ${sequence}`, message);
    return message;
  }

  recall(sequence: number): void {
    const message = this.messages.get(`${GROUP} ${sequence}`)!;
    const recall = { actorId: message.senderId, timeMs: this.time.nowMs() };
    this.messages.set(`${GROUP} ${sequence}`, { ...message, body: undefined, revision: 1, recall });
  }

  async #history(session: Session, conversationId: ConversationId, sequence: number): Promise<HistorySpan> {
    if (!this.members.has(`${session.tenantId}/${session.userId}`))
      throw new Failure("not-a-member", "You are not in this conversation.");
    const message = this.messages.get(`${conversationId} ${sequence}`);
    const messages = message === undefined ? [] : [message];
    return { first: sequence, last: sequence, messages, firstVisible: 1, lastSequence: sequence };
  }
}
