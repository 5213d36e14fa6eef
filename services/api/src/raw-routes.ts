/** Routes whose content is not read here. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";

/** Hands requests to `path`, and to one part below it, to `handle` as they come: it reads and answers them. */
export function addRawRoutes(
  api: FastifyInstance,
  path: string,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  for (const url of [path, `${path}/:id`])
    api.route({
      method: ["POST", "DELETE", "OPTIONS"],
      url,
      // Before anything looks at the content.
      onRequest: (request, reply, done) => {
        reply.hijack();
        handle(request.raw, reply.raw);
        done();
      },
      handler: () => undefined,
    });
}
