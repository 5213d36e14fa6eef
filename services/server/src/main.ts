/** Entry of the process: `npm start` and everything that spawns a server. */
import { runServer } from "./run.js";

await runServer(process.argv.slice(2));
