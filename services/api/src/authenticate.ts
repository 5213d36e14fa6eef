import type { AccountCalls, Session } from "@parley/contracts";
import { Failure } from "@parley/base";
import type { FastifyRequest } from "fastify";

/** Who asks, by the token in the header: never in the address, which ends up in logs. Errors: "session-invalid". */
export async function authenticate(accounts: AccountCalls, request: FastifyRequest): Promise<Session> {
  const token = bearerOf(request);
  if (token === undefined) {
    throw new Failure("session-invalid", "Send the token as: Authorization: Bearer <token>.", {
      retry: "after-change",
    });
  }
  return accounts.verify(token);
}

/** What a request comes with; undefined when it comes with nothing. */
export function bearerOf(request: FastifyRequest): string | undefined {
  const [scheme = "", token] = (request.headers.authorization ?? "").split(" ");
  return scheme.toLowerCase() === "bearer" ? token : undefined;
}
