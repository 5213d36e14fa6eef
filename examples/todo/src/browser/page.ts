/** The page: the SDK for the events, and a list for what they change. */
import type { ParleyClient } from "@parley/client";
import { createBrowserClient, login } from "@parley/client/browser";
import { type TodoItem, TodoList } from "../todo-list.js";

const url = location.origin;
const loginForm = find("login", HTMLFormElement);
const user = find("user", HTMLInputElement);
const password = find("password", HTMLInputElement);
const lists = find("lists", HTMLElement);
const conversation = find("conversation", HTMLSelectElement);
const items = find("items", HTMLElement);
const addForm = find("add", HTMLFormElement);
const text = find("text", HTMLInputElement);
const problem = find("problem", HTMLElement);
let list: TodoList | undefined;

loginForm.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn().catch(say);
});

async function signIn(): Promise<void> {
  const device = "to-do page";
  const { token, userId, deviceId } = await login(url, {
    user: user.value,
    password: password.value,
    device,
  });
  const client = createBrowserClient({ url, token, userId, deviceId, storeName: `todo/${deviceId}` });
  client.on("conversations", () => showConversations(client));
  await client.start();
  loginForm.hidden = true;
  lists.hidden = false;
  conversation.addEventListener("change", () => openList(client));
  addForm.addEventListener("submit", (event) => {
    event.preventDefault();
    list?.add(text.value).catch(say);
    text.value = "";
  });
  showConversations(client);
}

function showConversations(client: ParleyClient): void {
  const known = new Set([...conversation.options].map(({ value }) => value));
  for (const { conversationId, title, isMember } of client.conversations()) {
    if (isMember && !known.has(conversationId))
      conversation.add(new Option(title === "" ? conversationId : title, conversationId));
  }
  if (list === undefined && conversation.value !== "") openList(client);
}

function openList(client: ParleyClient): void {
  list?.close();
  const opened = new TodoList({
    client,
    url,
    conversationId: conversation.value,
    onChanged: () => showItems(opened),
    onError: say,
  });
  list = opened;
  showItems(opened);
  opened.open().catch(say);
}

function showItems(opened: TodoList): void {
  items.replaceChildren(...opened.state.items.map((item) => rowOf(opened, item)));
}

function rowOf(opened: TodoList, { id, text: what, isDone }: TodoItem): HTMLElement {
  const row = document.createElement("li");
  row.className = isDone ? "done" : "";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = isDone;
  box.setAttribute("aria-label", what);
  box.addEventListener("change", () => void opened.setDone(id, box.checked).catch(say));
  const said = document.createElement("span");
  said.textContent = what;
  const gone = document.createElement("button");
  gone.textContent = "Remove";
  gone.addEventListener("click", () => void opened.remove(id).catch(say));
  row.append(box, said, gone);
  return row;
}

function say(error: unknown): void {
  problem.textContent = error instanceof Error ? error.message : String(error);
}

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${id}.`);
}
