import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { SHELL_ENTRIES, shellList } from "./shell-list.mjs";

const SERVER = "http://127.0.0.1:8700";

export default defineConfig({
  plugins: [react(), shellList()],
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
