// npm run build: installs what is missing and builds everything.

import { ensure, runAsProgram } from "./ensure.mjs";

await runAsProgram(() => ensure());
