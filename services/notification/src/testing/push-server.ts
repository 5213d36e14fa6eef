/** A push service on the loopback: it keeps what it is sent, and answers as a test says. */
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { testCertificate, type TestCertificate } from "@parley/egress/testing";

export interface ReceivedPush {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface PushServer {
  readonly origin: string;
  /** What a client has to trust. */
  readonly ca: string;
  readonly received: ReceivedPush[];
  /** Connections that were opened. */
  readonly connections: () => number;
  /** Cuts all of them. */
  cut(): void;
  close(): Promise<void>;
}

const CERTIFICATES = new Map<string, TestCertificate>();

/** Speaks HTTP/2 and HTTP/1.1 over TLS, as the client wishes. `answer` is asked in order of arrival. */
export async function openPushServer(answer: (push: ReceivedPush) => Answer): Promise<PushServer> {
  const certificate = CERTIFICATES.get("loopback") ?? testCertificate();
  CERTIFICATES.set("loopback", certificate);
  const received: ReceivedPush[] = [];
  const sessions = new Set<{ destroy(): void }>();
  let opened = 0;
  const server: Http2SecureServer = createSecureServer({ ...certificate, allowHTTP1: true });
  server.on("session", (session: ServerHttp2Session) => {
    opened += 1;
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("connection", (socket: { destroy(): void }) => sessions.add(socket));
  server.on("request", (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => void parts.push(part));
    request.on("end", () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(
          (entry): entry is [string, string] => typeof entry[1] === "string",
        ),
      );
      const push = { path: request.url, headers, body: Buffer.concat(parts) };
      received.push(push);
      const { status, headers: answered = {}, body = "" } = answer(push);
      response.writeHead(status, { ...answered });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://localhost:${port}`,
    ca: certificate.cert,
    received,
    connections: () => opened,
    cut: () => {
      for (const session of sessions) session.destroy();
    },
    close: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
