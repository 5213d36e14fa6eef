/** HTTP streams over Node's own HTTP. */
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { StreamWorld } from "../common/stream-transport.js";

const STATUS_OK = 200;
/** A connection of its own: it is not taken from those that later requests may use. */
const NOT_SHARED = false;

/** Node's own HTTP, for streams where WebSockets are blocked. */
export const nodeStreamWorld: StreamWorld = {
  open(url, answer) {
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      answer.onEnd();
    };
    const request = start("POST", url, 0, NOT_SHARED);
    request.on("error", end);
    request.on("response", (response: IncomingMessage) => {
      response.on("error", end);
      response.on("close", end);
      if (response.statusCode !== STATUS_OK) request.destroy();
      response.on("data", (piece: Buffer) => {
        if (!isOver) answer.onPiece(piece);
      });
    });
    request.end();
    return {
      cancel: () => {
        isOver = true;
        request.destroy();
      },
    };
  },
  send({ method, url, body = new Uint8Array() }, onStatus) {
    let isOver = false;
    const tell = (status: number): void => {
      if (isOver) return;
      isOver = true;
      onStatus(status);
    };
    const request = start(method, url, body.length);
    request.on("error", () => tell(0));
    request.on("response", (response: IncomingMessage) => {
      response.resume();
      response.on("error", () => tell(0));
      // Then its connection takes the next request.
      response.on("end", () => tell(response.statusCode ?? 0));
      response.on("close", () => tell(0));
    });
    request.end(body);
    return {
      cancel: () => {
        isOver = true;
        request.destroy();
      },
    };
  },
};

function start(method: string, url: string, length: number, agent?: false): ClientRequest {
  const headers = { "content-type": "application/octet-stream", "content-length": length };
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  return request(url, { method, headers, ...(agent === undefined ? {} : { agent }) });
}
