import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = "http://127.0.0.1:8700";

export default defineConfig({
  plugins: [react()],
  build: {
    // The first versions with light-dark(), the popover attribute and Web Locks.
    target: ["chrome123", "firefox128", "safari17.5"],
    // An inlined asset would be a data: address, which the content security policy refuses for most kinds.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // npm run start in one terminal, npx vite in another.
  server: { proxy: { "/v1": { target: SERVER, ws: true } } },
});
