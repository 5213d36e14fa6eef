/** The module as a program. Its settings are in the environment: see README.md. */
import { startTodoServer } from "./todo-server.js";

const {
  PARLEY_URL = "http://127.0.0.1:8080",
  PARLEY_MODULE_KEY,
  TODO_FILE = "todo.json",
  TODO_PORT = "8090",
} = process.env;
if (PARLEY_MODULE_KEY === undefined) {
  console.error("Set PARLEY_MODULE_KEY to what `parley module add todo` prints.");
  process.exit(2);
}
const server = await startTodoServer({
  parleyUrl: PARLEY_URL,
  moduleKey: PARLEY_MODULE_KEY,
  path: TODO_FILE,
  port: Number(TODO_PORT),
});
console.log(`The to-do lists are at ${server.url}`);
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void server.close().then(() => process.exit(0)));
