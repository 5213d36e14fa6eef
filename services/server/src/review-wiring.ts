/** The review of contents, wired: before they are said, and later. */
import { findFile as findFileIn, type MediaStore } from "@parley/media";
import {
  checkedReplacement,
  type FindFile,
  LaterReview,
  type LaterReviewOptions,
  ReviewGate,
} from "@parley/message";
import type { WriteBackTables } from "@parley/tables";
import type { Services, WiringOptions } from "./wiring.js";

export interface Reviews {
  readonly gate: ReviewGate | undefined;
  readonly later: LaterReview | undefined;
  readonly figures: Pick<Services, "reviewCounts" | "laterReviewCounts">;
}

export interface ReviewParts {
  readonly tables: WriteBackTables;
  readonly submit: LaterReviewOptions["submit"];
  /** Where there are files. */
  readonly files: MediaStore | undefined;
}

/** Reads what waits for the later review; what is applied from now on is added to it. */
export async function wireReviews(
  { ambient, reviewer, isReviewFailOpen, laterReviewer }: WiringOptions,
  parts: ReviewParts,
): Promise<Reviews> {
  const { clock, scheduler, logger } = ambient;
  const { tables, submit, files } = parts;
  const findFile: FindFile | undefined =
    files && ((tenantId, mediaId) => findFileIn(files, { tenantId, mediaId }));
  const failing = isReviewFailOpen === undefined ? {} : { isFailOpen: isReviewFailOpen };
  const ports = { scheduler, logger, findFile };
  const gate = reviewer && new ReviewGate({ reviewer, checkedReplacement, ...ports, ...failing });
  const later =
    laterReviewer && new LaterReview({ reviewer: laterReviewer, tables, clock, submit, ...ports });
  await later?.open();
  const figures = { reviewCounts: () => gate?.counts(), laterReviewCounts: () => later?.counts() };
  return { gate, later, figures };
}
