import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { SHELL_ENTRIES, shellList } from "./shell-list.mjs";

const SERVER = "http://127.0.0.1:8700";

const TEXTS = /\.(?:js|css|html|svg)$/u;

/** Beside each text stands a smaller form of it, which the server sends to browsers that take it. */
const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  writeBundle: {
    // After the worker was given its list, in which these are not.
    order: "post",
    handler: ({ dir = "dist" }) => {
      for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        if (!TEXTS.test(file)) continue;
        const bytes = readFileSync(join(dir, file));
        writeFileSync(join(dir, `${file}.gz`), gzipSync(bytes, { level: 9 }));
        writeFileSync(join(dir, `${file}.br`), brotliCompressSync(bytes));
      }
    },
  },
};

export default defineConfig({
  plugins: [react(), shellList(), compressed],
  build: {
    // The first versions with light-dark(), the popover attribute and Web Locks.
    target: ["chrome123", "firefox128", "safari17.5"],
    // An inlined asset would be a data: address, which the content security policy refuses for most kinds.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: SHELL_ENTRIES,
  },
  // npm run start in one terminal, npx vite in another.
  server: { proxy: { "/v1": { target: SERVER, ws: true } } },
});
