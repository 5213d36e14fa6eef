/** The media service of a node, between the tables, the message service and the store of parts. */
import { type BlobSeals, Blobs, type BlobsOptions, type BlobStore } from "@parley/blobs";
import type { Ambient } from "@parley/base";
import type { MessageCalls } from "@parley/contracts";
import {
  Claims,
  MediaKeeper,
  type MediaLimits,
  MediaService,
  MediaStore,
  sharpPictures,
} from "@parley/media";
import type { Tables, WriteBackTables } from "@parley/tables";
import { TableMessageLookup } from "./message-lookup.js";

/** Where files are, and how large they may be. */
export interface MediaOptions {
  readonly parts: BlobStore;
  readonly seals: BlobSeals;
  readonly limits: MediaLimits;
  /** For tests with little data: how files are cut. */
  readonly sizes?: Pick<BlobsOptions, "partBytes" | "blockBytes">;
}

/** What the message service needs before there is one. */
export interface MediaGround {
  readonly store: MediaStore;
  readonly claims: Claims;
}

export interface Media {
  readonly service: MediaService;
  readonly keeper: MediaKeeper;
  /** Resolves when it is written where the messages stand that have been sent. */
  settled(): Promise<void>;
}

export function layMedia(
  { parts, seals, sizes }: MediaOptions,
  { tables, ambient }: { readonly tables: Tables; readonly ambient: Ambient },
): MediaGround {
  const { clock, logger } = ambient;
  const store = new MediaStore({ tables, blobs: new Blobs({ store: parts, seals, ...sizes }), clock });
  return { store, claims: new Claims({ store, logger }) };
}

export function wireMedia(
  { parts, limits }: MediaOptions,
  { store, claims }: MediaGround,
  over: {
    readonly ambient: Ambient;
    readonly messages: Pick<MessageCalls, "history">;
    /** Of the conversations. */
    readonly tables: WriteBackTables;
  },
): Media {
  const { ambient, messages, tables } = over;
  const { random, scheduler, logger } = ambient;
  const pictures = sharpPictures(logger);
  const service = new MediaService({ store, pictures, limits, random, scheduler, messages });
  const keeper = new MediaKeeper({ store, parts, claims, ambient, lookup: new TableMessageLookup(tables) });
  return {
    service,
    keeper,
    settled: () => claims.settled(),
  };
}
