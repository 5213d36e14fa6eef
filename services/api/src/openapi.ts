/** The document of all routes, made from their schemas: GET /v1/openapi.json. */
import fastifySwagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";

export const DOCUMENT_URL = "/v1/openapi.json";

/** Call before any route is added. */
export async function addOpenapi(api: FastifyInstance): Promise<void> {
  await api.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Parley",
        version: "0.1.0",
        description: "What is asked over HTTP. Messages and events go over a WebSocket: see docs/protocol.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      components: {
        securitySchemes: {
          userToken: {
            type: "http",
            scheme: "bearer",
            description: "The token of a session, from the sign-in.",
          },
          moduleKey: {
            type: "http",
            scheme: "bearer",
            description: "The key of a module: parley module add.",
          },
        },
      },
    },
  });
  api.get(DOCUMENT_URL, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/json").send(JSON.stringify(api.swagger())),
  );
}
