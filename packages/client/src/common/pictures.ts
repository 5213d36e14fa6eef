/** Pictures of people over HTTP. */
import { Failure } from "@parley/base";
import type { UserId } from "@parley/protocol";
import type { ClientOptions } from "./client-options.js";
import { failureOf, type HttpAnswer, type HttpRequest, httpUrl } from "./http.js";
import type { FetchedMedia } from "./media-api.js";
import { parseObject } from "./problem.js";

/** A picture is small: it is there, or given up, within this time. */
const REQUEST_MS_MAX = 15_000;

type Options = Pick<ClientOptions, "url" | "token" | "http" | "ambient">;

/** Sets my picture, or takes it away. Resolves with its version; 0 for none. */
export function putPicture(options: Options, picture: Uint8Array | undefined): Promise<number> {
  const path = "/v1/me/picture";
  if (picture === undefined)
    return ask(options, { method: "DELETE", path }, async (answer) => {
      if (answer.status !== 204) throw await failureOf(answer);
      return 0;
    });
  return ask(options, { method: "PUT", path, body: picture }, async (answer) => {
    if (answer.status !== 200) throw await failureOf(answer);
    const { pictureVersion } = parseObject(await answer.text());
    if (typeof pictureVersion === "number") return pictureVersion;
    throw new Failure("malformed", "The answer has no version.");
  });
}

/** The picture of somebody; undefined when there is none. */
export function fetchPicture(options: Options, userId: UserId): Promise<FetchedMedia | undefined> {
  const path = `/v1/users/${encodeURIComponent(userId)}/picture`;
  return ask(options, { method: "GET", path }, async (answer) => {
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw await failureOf(answer);
    return { type: answer.header("content-type") ?? "", bytes: await answer.bytes() };
  });
}

async function ask<T>(
  { http, url, token, ambient }: Options,
  { path, method, body }: Pick<HttpRequest, "method" | "body"> & { readonly path: string },
  read: (answer: HttpAnswer) => Promise<T>,
): Promise<T> {
  if (http === undefined)
    throw new Failure("unavailable", "This client was made without HTTP.", { retry: "after-change" });
  const type = body === undefined ? {} : { "content-type": "application/octet-stream" };
  const headers = { authorization: `Bearer ${token}`, ...type };
  const call = http({
    method,
    url: `${httpUrl(url)}${path}`,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const timer = ambient.scheduler.after(REQUEST_MS_MAX, () => call.cancel());
  try {
    const answer = await call.answer.catch(unreachable);
    return await read(answer);
  } finally {
    timer.cancel();
  }
}

function unreachable(cause: unknown): never {
  throw new Failure("unavailable", "The server cannot be reached.", { retry: "same", cause });
}
