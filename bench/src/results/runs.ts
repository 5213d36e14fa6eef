/** The runs that are recorded, with what is told of each and what is aimed at. */

export interface Aim {
  readonly is: "at least" | "at most" | "exactly";
  readonly value: number;
  /** Why this and not another. */
  readonly why?: string;
}

export interface ToldFigure {
  /** As the scenario calls it. */
  readonly figure: string;
  readonly label: string;
  readonly unit: string;
  readonly aim?: Aim;
}

export interface Run {
  readonly name: string;
  readonly title: string;
  /** The scenario and its options, those by default too: the document says what was run. */
  readonly args: readonly string[];
  /** The same for a short run. */
  readonly quick: readonly string[];
  /** It takes minutes, or compares within itself: once is enough. */
  readonly isOnce?: true;
  readonly told: readonly ToldFigure[];
}

const NONE: Aim = { is: "exactly", value: 0 };
const CHECKED: readonly ToldFigure[] = [
  { figure: "lost", label: "lost", unit: "messages", aim: NONE },
  { figure: "duplicated", label: "delivered twice", unit: "messages", aim: NONE },
  { figure: "misordered", label: "out of order", unit: "messages", aim: NONE },
];
const DIRECT: readonly ToldFigure[] = [
  { figure: "deliver_p50_ms", label: "delivery, p50", unit: "ms" },
  { figure: "deliver_p99_ms", label: "delivery, p99", unit: "ms" },
  { figure: "server_cpu_us_per_message", label: "processor time of the server, each message", unit: "µs" },
  ...CHECKED,
];
const USUAL = ["--seconds", "10", "--warm-up", "3"];
const SHORT = ["--seconds", "4", "--warm-up", "2"];

export const RUNS: readonly Run[] = [
  {
    name: "direct",
    title: "Direct chats at full load",
    args: ["direct", "--pairs", "100", ...USUAL],
    quick: ["direct", "--pairs", "100", ...SHORT],
    told: [
      {
        figure: "acked_per_s",
        label: "messages a second",
        unit: "",
        aim: {
          is: "at least",
          value: 50_000,
          why: "40% of a bare relay that syncs its file, on two processors",
        },
      },
      ...DIRECT,
      { figure: "messages_per_fsync", label: "messages that share a sync of the disk", unit: "" },
      { figure: "server_rss_mb", label: "memory of the server", unit: "MB" },
      { figure: "bytes_on_disk_per_message", label: "disk, each message, not yet compacted", unit: "bytes" },
    ],
  },
  {
    name: "direct-1000",
    title: "Direct chats at 1,000 messages a second",
    args: ["direct", "--pairs", "100", "--rate", "1000", ...USUAL],
    quick: ["direct", "--pairs", "100", "--rate", "1000", ...SHORT],
    told: [
      { figure: "ack_p50_ms", label: "acknowledgement, p50", unit: "ms" },
      { figure: "ack_p99_ms", label: "acknowledgement, p99", unit: "ms" },
      ...DIRECT.map((each) =>
        each.figure === "deliver_p99_ms" ? { ...each, aim: { is: "at most", value: 6 } as const } : each,
      ),
    ],
  },
  {
    name: "direct-stream",
    title: "Direct chats at full load over HTTP streams, as where WebSockets are blocked",
    args: ["direct", "--pairs", "100", "--transport", "stream", ...USUAL],
    quick: ["direct", "--pairs", "100", "--transport", "stream", ...SHORT],
    told: [{ figure: "acked_per_s", label: "messages a second", unit: "" }, ...DIRECT],
  },
  {
    name: "direct-unencrypted",
    title: "Direct chats at full load on a data directory that is not encrypted",
    args: ["direct", "--pairs", "100", "--no-encryption", ...USUAL],
    quick: ["direct", "--pairs", "100", "--no-encryption", ...SHORT],
    told: [{ figure: "acked_per_s", label: "messages a second", unit: "" }, ...DIRECT],
  },
  {
    name: "group",
    title: "One large group",
    args: ["group", "--rate", "20", "--members", "10000", "--online", "500", ...USUAL],
    quick: ["group", "--rate", "20", "--members", "2000", "--online", "200", ...SHORT],
    told: [
      { figure: "deliveries_per_s", label: "deliveries a second", unit: "" },
      { figure: "deliver_p50_ms", label: "delivery, p50", unit: "ms" },
      { figure: "deliver_p99_ms", label: "delivery, p99", unit: "ms" },
      { figure: "rows_per_message", label: "rows written, each message", unit: "" },
      {
        figure: "server_cpu_us_per_delivery",
        label: "processor time of the server, each delivery",
        unit: "µs",
      },
      { figure: "member_page_p50_ms", label: "first page of its members, p50", unit: "ms" },
      ...CHECKED,
    ],
  },
  {
    name: "campaign",
    title: "A system account writes to everybody while 100 pairs chat",
    args: ["campaign", "--pairs", "100", "--rate", "500", "--users", "100000", ...USUAL],
    quick: ["campaign", "--pairs", "100", "--rate", "500", "--users", "10000", ...SHORT],
    told: [
      { figure: "campaign_s", label: "until all have it", unit: "s" },
      { figure: "campaign_per_s_alone", label: "people a second, when nobody chats", unit: "" },
      {
        figure: "ack_without_p99_ms",
        label: "acknowledgement of those who chat, p99, without it",
        unit: "ms",
      },
      { figure: "ack_during_p99_ms", label: "the same while it is sent", unit: "ms" },
      { figure: "campaign_missing", label: "people without it", unit: "", aim: NONE },
      { figure: "campaign_repeated", label: "people with it twice", unit: "", aim: NONE },
    ],
  },
  {
    name: "idle",
    title: "Connected devices that say nothing",
    args: ["idle", "--connections", "5000"],
    quick: ["idle", "--connections", "1000"],
    told: [
      {
        figure: "kb_per_connection",
        label: "memory of the server, each device",
        unit: "KB",
        aim: { is: "at most", value: 10 },
      },
      { figure: "heap_kb_per_connection", label: "of which heap", unit: "KB" },
      { figure: "server_rss_mb_before", label: "memory of the server without them", unit: "MB" },
      { figure: "connects_per_s", label: "connections a second", unit: "" },
      {
        figure: "server_cpu_ms_per_connect",
        label: "processor time of a connection's beginning",
        unit: "ms",
      },
    ],
  },
  {
    name: "reconnect",
    title: "Devices that are cut all at once come back",
    args: ["reconnect", "--pairs", "50", "--rate", "200", "--clients", "2000"],
    quick: ["reconnect", "--pairs", "50", "--rate", "200", "--clients", "500"],
    told: [
      { figure: "half_back_s", label: "until half are back", unit: "s" },
      { figure: "all_back_s", label: "until all are back, with what they missed", unit: "s" },
      { figure: "stayed_deliver_p99_ms", label: "delivery between those who stayed, p99", unit: "ms" },
      { figure: "full_resyncs", label: "devices that had to begin anew", unit: "", aim: NONE },
    ],
  },
  {
    name: "search",
    title: "Words looked for in one long conversation",
    args: ["search", "--messages", "200000", "--words", "50"],
    quick: ["search", "--messages", "20000", "--words", "10"],
    told: [
      { figure: "rare_filtered_p50_ms", label: "rare words, p50", unit: "ms" },
      { figure: "missing_filtered_p50_ms", label: "words that nobody wrote, p50", unit: "ms" },
      { figure: "frequent_filtered_p50_ms", label: "frequent words, first page, p50", unit: "ms" },
    ],
  },
  {
    name: "import",
    title: "Chat logs brought in from the command line",
    args: ["import", "--lines", "200000"],
    quick: ["import", "--lines", "20000"],
    told: [
      { figure: "lines_per_s", label: "lines a second", unit: "", aim: { is: "at least", value: 30_000 } },
      { figure: "lines", label: "lines", unit: "" },
      { figure: "bytes_on_disk_per_message", label: "disk, each message", unit: "bytes" },
    ],
  },
  {
    name: "readers",
    title: "Who has read a message of a large group",
    args: ["readers", "--members", "10000"],
    quick: ["readers", "--members", "2000"],
    told: [
      { figure: "first_list_ms", label: "the first list, of a group that nobody asked about", unit: "ms" },
      { figure: "list_p50_ms", label: "a list, p50", unit: "ms" },
      { figure: "list_after_change_p50_ms", label: "a list after somebody read, p50", unit: "ms" },
      { figure: "counts_of_200_p50_ms", label: "counts of 200 messages, p50", unit: "ms" },
    ],
  },
  {
    name: "weak",
    title: "A device on a slow network in a busy group",
    args: ["weak", "--rate", "50", "--round-trip-ms", "300", "--kb-per-second", "30", "--lost-percent", "2"],
    quick: ["weak", "--rate", "50", ...SHORT],
    told: [
      { figure: "newest_p50_ms", label: "how old the newest message on its screen is, p50", unit: "ms" },
      { figure: "newest_p99_ms", label: "the same, p99", unit: "ms" },
      { figure: "caught_up_ms", label: "until it has all, when the others stop", unit: "ms" },
      { figure: "others_deliver_p99_ms", label: "delivery to the others, p99", unit: "ms" },
      { figure: "kb_per_second", label: "what it is sent", unit: "KB/s" },
      { figure: "lost", label: "messages that never came", unit: "", aim: NONE },
    ],
  },
  {
    name: "tables",
    title: "Messages stored as rows, in blocks, and in the cold tier",
    args: ["tables", "--rows", "600000", "--conversations", "12000"],
    quick: ["tables", "--rows", "60000", "--conversations", "1200", "--scans", "400"],
    isOnce: true,
    told: [
      {
        figure: "sealed_rows_bytes_on_disk_per_row",
        label: "disk, each message, as sealed rows",
        unit: "bytes",
      },
      { figure: "sealed_blocks_bytes_on_disk_per_row", label: "the same in blocks", unit: "bytes" },
      { figure: "cold_tier_bytes_on_disk_per_row", label: "the same in the cold tier", unit: "bytes" },
      {
        figure: "sealed_blocks_to_sealed_rows_cpu_us_per_row",
        label: "processor time, blocks to rows",
        unit: "",
      },
      {
        figure: "sealed_blocks_to_sealed_rows_hot_p50_us",
        label: "newest 50 of a hot conversation, blocks to rows",
        unit: "",
      },
      {
        figure: "sealed_blocks_to_sealed_rows_cold_p50_us",
        label: "newest 50 of a cold one, blocks to rows",
        unit: "",
      },
      {
        figure: "cold_tier_first_page_p50_us",
        label: "first page of a conversation from the cold tier, p50",
        unit: "µs",
      },
    ],
  },
  {
    name: "index-build",
    title: "An index built while others write",
    args: ["index-build", "--rows", "100000", "--seconds", "10"],
    quick: ["index-build", "--rows", "20000", "--seconds", "3"],
    isOnce: true,
    told: [
      {
        figure: "ratio_p99_of_median_second_backfill_to_before",
        label: "p99 of writers while it is built, to before",
        unit: "",
        aim: { is: "at most", value: 1.5 },
      },
      {
        figure: "ratio_p99_of_median_second_verify_to_before",
        label: "the same while it is verified",
        unit: "",
        aim: { is: "at most", value: 1.5 },
      },
      {
        figure: "index_row_cpu_us",
        label: "processor time of one more index row",
        unit: "µs",
        aim: { is: "at most", value: 10 },
      },
      { figure: "missing", label: "missing entries", unit: "", aim: NONE },
      { figure: "killed_lost", label: "writes lost by a kill in the middle", unit: "", aim: NONE },
    ],
  },
  {
    name: "web-start",
    title: "The web chat in a browser that has nothing",
    args: ["web-start", "--conversations", "500"],
    quick: ["web-start", "--conversations", "100"],
    told: [
      {
        figure: "list_after_password_ms",
        label: "from the password to the list",
        unit: "ms",
        aim: { is: "at most", value: 1_000 },
      },
      { figure: "list_next_visit_ms", label: "the list at the next visit", unit: "ms" },
      {
        figure: "script_bytes",
        label: "script, as it is sent",
        unit: "bytes",
        aim: { is: "at most", value: 256_000 },
      },
    ],
  },
  {
    name: "web-flood",
    title: "The web chat in a flood of 200 messages a second",
    args: ["web-flood", "--members", "10000", "--rate", "200", "--seconds", "20"],
    quick: ["web-flood", "--members", "1000", "--rate", "200", "--seconds", "5"],
    isOnce: true,
    told: [
      {
        figure: "input_delay_p99_ms",
        label: "a key until it is shown, p99",
        unit: "ms",
        aim: { is: "at most", value: 50 },
      },
      {
        figure: "long_tasks_over_100ms",
        label: "tasks of more than 100 ms",
        unit: "",
        aim: NONE,
      },
      { figure: "frame_p99_ms", label: "a frame, p99", unit: "ms" },
      { figure: "screen_delay_p50_ms", label: "due until on the screen, p50", unit: "ms" },
    ],
  },
];
