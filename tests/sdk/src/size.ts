/** `npm run -s size`: what the browser's core weighs, and what of it weighs most. */
import { CORE, CORE_GZIP_BYTES_MAX, LATE_GZIP_BYTES_MAX, WITH_MARKDOWN } from "./budget.js";
import { bundleSize } from "./bundle-size.js";

const MODULES_SHOWN = 25;

const core = await bundleSize(CORE);
const markdown = await bundleSize(WITH_MARKDOWN);
const line = (name: string, value: number | string): void =>
  void process.stdout.write(`${name.padEnd(60)} ${value}\n`);
line("core, minified", core.bytes);
line("core, gzip", core.gzipBytes);
line("  of at most", CORE_GZIP_BYTES_MAX);
line("Markdown on top, gzip", markdown.gzipBytes - core.gzipBytes);
line("", "");
line("loaded later, gzip", "");
for (const [name, bytes] of core.late) line(`  ${name}`, `${bytes} of at most ${LATE_GZIP_BYTES_MAX[name]}`);
line("", "");
line("largest modules before they are minified", "");
for (const [path, bytes] of core.modules.slice(0, MODULES_SHOWN))
  line(`  ${path.replace(/.*\/(?=packages|node_modules)/u, "")}`, bytes);
