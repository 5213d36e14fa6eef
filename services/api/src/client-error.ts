/** Answers what the HTTP parser refuses, so that it never becomes a request: on the bare socket, as a problem like any other. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

interface Refusal {
  readonly status: number;
  readonly detail: string;
}

/** By the code of Node's error. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: "The request line and headers are too long." },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: "The request did not arrive in time." },
};
const OTHER: Refusal = { status: 400, detail: "This is not an HTTP/1.1 request." };

/**
 * Answers and closes the connection, which says nothing more that could be understood.
 * Effects: none on a socket that takes nothing any more.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (socket.writable) {
    const { status, detail } = REFUSALS[error.code ?? ""] ?? OTHER;
    const code = "bad-request";
    // There is no request that an operator could look for.
    const problem = { type: `urn:parley:error:${code}`, title: code, status, code, detail, requestId: "" };
    const body = JSON.stringify(problem);
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n` +
        `Content-Type: application/problem+json; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }
  // Without waiting until the answer is taken: a peer that takes nothing would hold the socket.
  socket.destroy();
}
