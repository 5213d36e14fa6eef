/**
 * Figures for a monitoring system: `GET /metrics` in the text format of Prometheus, on the control socket and, when asked for, on
 * a port of this machine's own address. They name tables, never users, conversations or content.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Failure } from "@parley/base";
import type { ModuleCounts } from "@parley/contracts";
import type { LaterReviewCounts, ReviewCounts } from "@parley/message";
import type { NotificationCounts } from "@parley/notification";
import type { PreviewCounts } from "@parley/preview";
import { PROMETHEUS_CONTENT_TYPE, type PlainMetric, prometheusText } from "@parley/tables";
import type { HistoryStatus } from "../history/history-keeper.js";
import type { Parley } from "../parley.js";

/** Whoever watches from another machine puts a proxy in front that asks who it is. */
const METRICS_HOST = "127.0.0.1";
const REQUEST_MS_MAX = 10_000;
const METRICS_PATH = "/metrics";

export interface MetricsListener {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a port; 0 takes a free one. Errors: "port-in-use". */
export async function listenForMetrics(parley: Parley, port: number): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    if (answerMetrics(parley, request, response)) return;
    response.writeHead(404, { "content-type": "text/plain" }).end(`Only GET ${METRICS_PATH} is here.\n`);
  });
  server.requestTimeout = REQUEST_MS_MAX;
  await listening(server, port);
  const { port: taken } = server.address() as AddressInfo;
  return { url: `http://${METRICS_HOST}:${taken}${METRICS_PATH}`, close: () => closed(server) };
}

/** Answers a request for the metrics; false for any other. */
export function answerMetrics(parley: Parley, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== "GET" || request.url !== METRICS_PATH) return false;
  response.writeHead(200, { "content-type": PROMETHEUS_CONTENT_TYPE }).end(metricsText(parley));
  return true;
}

function metricsText(parley: Parley): string {
  const { fsyncs, journalBytes, appendedRecords } = parley.stats();
  const { files, fileBytes, readBytes, writtenBytes } = parley.fileFigures();
  return prometheusText(parley.tableStatistics(0), [
    counter("parley_journal_syncs_total", "Syncs of the journal to disk.", fsyncs),
    counter("parley_journal_written_bytes_total", "Bytes appended to the journal.", journalBytes),
    counter("parley_journal_records_total", "Records appended to the journal.", appendedRecords),
    gauge("parley_engine_files", "Table files.", files),
    gauge("parley_engine_file_bytes", "Their size, to the megabyte.", fileBytes),
    counter("parley_engine_compaction_read_bytes_total", "Bytes that compactions read.", readBytes),
    counter("parley_engine_file_written_bytes_total", "Bytes written to table files.", writtenBytes),
    ...coldMetrics(parley.historyKeeper.status),
    ...moduleMetrics(parley.modules.service.counts),
    ...notifyMetrics(parley.notifications?.counts()),
    ...previewMetrics(parley.previews?.counts()),
    ...reviewMetrics(parley.reviewCounts(), parley.laterReviewCounts()),
  ]);
}

function coldMetrics({ cold, last }: HistoryStatus): readonly PlainMetric[] {
  return [
    counter("parley_cold_moved_rows_total", "Rows that went into the cold tier.", cold.movedRows),
    counter("parley_cold_thawed_rows_total", "Rows that came back from it.", cold.thawedRows),
    counter(
      "parley_cold_trimmed_rows_total",
      "Rows that were removed because of their age.",
      cold.trimmedRows,
    ),
    counter("parley_cold_lost_moves_total", "Moves given up because rows were changed.", cold.lostMoves),
    counter("parley_cold_written_bytes_total", "Bytes of files written to it.", cold.storedBytes),
    counter("parley_cold_reads_total", "Requests to its store.", cold.reads),
    counter(
      "parley_cold_ahead_hits_total",
      "Blocks that were fetched before they were asked for.",
      cold.aheadHits,
    ),
    ...(last === null
      ? []
      : [
          gauge(
            "parley_cold_files",
            "Files of the cold tier, when it was last looked after.",
            last.space.objects,
          ),
          gauge("parley_cold_file_bytes", "Their size.", last.space.bytes),
          gauge(
            "parley_cold_looked_after_seconds",
            "When that was, since 1970.",
            Math.round(last.endedMs / 1000),
          ),
        ]),
  ];
}

function moduleMetrics({ accepted, refused, bytes }: ModuleCounts): readonly PlainMetric[] {
  return [
    counter("parley_module_events_total", "Events of modules that were accepted.", accepted),
    counter("parley_module_events_refused_total", "Events of modules that were refused.", refused),
    counter("parley_module_event_bytes_total", "Bytes of data of those that were accepted.", bytes),
  ];
}

/** Only where people are notified. */
function notifyMetrics(counts: NotificationCounts | undefined): readonly PlainMetric[] {
  if (counts === undefined) return [];
  return [
    counter("parley_notify_delivered_total", "Notifications that push services took.", counts.delivered),
    counter("parley_notify_withdrawn_total", "Of what was read or recalled, taken away.", counts.withdrawn),
    counter("parley_notify_confirmed_total", "Not sent, as a device had them in time.", counts.confirmed),
    counter("parley_notify_forbidden_total", "Not sent, as users had set.", counts.forbidden),
    counter("parley_notify_retried_total", "Tries that failed and are repeated.", counts.retried),
    counter("parley_notify_gone_total", "Devices that push services no longer know.", counts.gone),
    counter("parley_notify_dead_total", "Notifications that were given up.", counts.dead),
    counter("parley_notify_skipped_total", "Left out, for too many waited.", counts.skipped),
    gauge("parley_notify_waiting", "Users' conversations that wait to be notified.", counts.waiting),
  ];
}

/** Only where links have previews. */
function previewMetrics(counts: PreviewCounts | undefined): readonly PlainMetric[] {
  if (counts === undefined) return [];
  return [
    counter("parley_link_previews_known_total", "Previews that were answered from the cache.", counts.known),
    counter("parley_link_previews_found_total", "Links that were fetched.", counts.found),
    counter("parley_link_previews_failed_total", "Links that were fetched in vain.", counts.failed),
  ];
}

/** Only where somebody reviews. */
function reviewMetrics(
  now: ReviewCounts | undefined,
  later: LaterReviewCounts | undefined,
): readonly PlainMetric[] {
  const before = now && [
    counter("parley_review_accepted_total", "Contents that the review let pass.", now.accepted),
    counter("parley_review_refused_total", "Contents that it refused.", now.refused),
    counter("parley_review_replaced_total", "Contents that it made say something else.", now.replaced),
    counter("parley_review_passed_open_total", "Contents that passed without its answer.", now.passedOpen),
    counter("parley_review_held_closed_total", "Contents held for want of its answer.", now.heldClosed),
    gauge("parley_review_waiting", "Contents that wait for it.", now.waiting),
  ];
  const after = later && [
    counter("parley_later_review_accepted_total", "Messages that the later review let be.", later.accepted),
    counter("parley_later_review_refused_total", "Messages that it took back.", later.refused),
    counter("parley_later_review_skipped_total", "Times that too much waited for it.", later.skipped),
    gauge("parley_later_review_waiting", "Conversations that wait for it.", later.waiting),
  ];
  return [...(before ?? []), ...(after ?? [])];
}

function counter(name: string, help: string, value: number): PlainMetric {
  return { name, type: "counter", help, value };
}

function gauge(name: string, help: string, value: number): PlainMetric {
  return { name, type: "gauge", help, value };
}

async function listening(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, METRICS_HOST, resolve);
    });
  } catch (cause) {
    throw new Failure(
      "port-in-use",
      `Metrics cannot be had on ${METRICS_HOST}:${port}: choose another with --metrics-port.`,
      { cause },
    );
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
