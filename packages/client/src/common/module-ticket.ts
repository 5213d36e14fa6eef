/** Tickets for business modules. */
import { Failure } from "@parley/base";
import type { ClientOptions } from "./client-options.js";
import { failureOf, httpUrl } from "./http.js";
import { parseObject } from "./problem.js";

/** A request for a ticket is answered within this time. */
const REQUEST_MS_MAX = 15_000;

/** What a module's own server takes for who I am: see `ParleyClient.moduleTicket`. */
export async function moduleTicket(
  { http, url, token, ambient }: Pick<ClientOptions, "url" | "token" | "http" | "ambient">,
  module: string,
): Promise<string> {
  if (http === undefined)
    throw new Failure("unavailable", "This client was made without HTTP.", { retry: "after-change" });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ module });
  const call = http({ method: "POST", url: `${httpUrl(url)}/v1/tickets`, headers, body });
  const timer = ambient.scheduler.after(REQUEST_MS_MAX, () => call.cancel());
  try {
    const answer = await call.answer.catch(unreachable);
    if (answer.status !== 200) throw await failureOf(answer);
    const { ticket } = parseObject(await answer.text().catch(unreachable));
    if (typeof ticket === "string") return ticket;
    throw new Failure("malformed", "The answer is no ticket.");
  } finally {
    timer.cancel();
  }
}

function unreachable(cause: unknown): never {
  throw new Failure("unavailable", "The server cannot be reached.", { retry: "same", cause });
}
