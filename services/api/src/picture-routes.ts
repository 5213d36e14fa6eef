/** Pictures of people over HTTP. Source: docs/protocol/http.md. */
import type { AccountCalls } from "@parley/contracts";
import { Failure } from "@parley/base";
import { PICTURE_BYTES_MAX, parseUserId } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import { answers, AS_USER, COUNT, fileOf, json, nothing, object, TEXT } from "./api-schemas.js";
import { authenticate } from "./authenticate.js";

/** A picture is nobody's page: nothing in it runs, wherever it is opened. */
const PICTURE_HEADERS = {
  "content-security-policy": "sandbox",
  "x-content-type-options": "nosniff",
  // Whoever has it asks whether it is still the one.
  "cache-control": "private, no-cache",
  vary: "authorization",
} as const;

export interface PictureRoutesOptions {
  readonly accounts: AccountCalls;
  /** The type of a file by its bytes: claims do not count. */
  readonly typeOf: (bytes: Uint8Array) => string;
}

const SET_SCHEMA = {
  summary: "Set one's own picture",
  description: "The body is a JPEG, PNG or WebP file, application/octet-stream.",
  security: AS_USER,
  consumes: ["application/octet-stream"],
  response: answers({ 200: json("Its version.", object({ pictureVersion: COUNT })) }),
};
const REMOVE_SCHEMA = {
  summary: "Take one's own picture away",
  security: AS_USER,
  response: answers({ 204: nothing("It is gone, or was not there.") }),
};
const READ_SCHEMA = {
  summary: "Read the picture of a user",
  security: AS_USER,
  params: object({ id: TEXT }),
  response: answers({ 200: fileOf("The picture."), 304: nothing("It is as it was.") }),
};

export async function addPictureRoutes(api: FastifyInstance, options: PictureRoutesOptions): Promise<void> {
  const { accounts, typeOf } = options;
  await api.register(async (scope) => {
    scope.addContentTypeParser(
      "application/octet-stream",
      { parseAs: "buffer", bodyLimit: PICTURE_BYTES_MAX },
      (_request, body, done) => done(null, body),
    );
    scope.put("/v1/me/picture", { schema: SET_SCHEMA, bodyLimit: PICTURE_BYTES_MAX }, async (request) => {
      const { tenantId, userId } = await authenticate(accounts, request);
      const bytes = request.body;
      if (!(bytes instanceof Uint8Array) || bytes.length === 0) {
        throw new Failure("bad-request", "Send bytes, with content-type: application/octet-stream.", {
          retry: "after-change",
        });
      }
      const pictureVersion = await accounts.setPicture(tenantId, userId, { type: typeOf(bytes), bytes });
      return { pictureVersion };
    });
  });
  api.delete("/v1/me/picture", { schema: REMOVE_SCHEMA }, async (request, reply) => {
    const { tenantId, userId } = await authenticate(accounts, request);
    await accounts.setPicture(tenantId, userId, undefined);
    return reply.code(204).send();
  });
  api.get<{ Params: { readonly id: string } }>(
    "/v1/users/:id/picture",
    { schema: READ_SCHEMA, exposeHeadRoute: false },
    async (request, reply) => {
      const { tenantId } = await authenticate(accounts, request);
      // Of the same organisation: another one's users do not exist here.
      const picture = await accounts.findPicture(tenantId, parseUserId(request.params.id));
      if (picture === undefined) throw new Failure("not-found", "There is no such picture.");
      const etag = `"${picture.version}"`;
      reply.headers({ ...PICTURE_HEADERS, etag });
      if (request.headers["if-none-match"] === etag) return reply.code(304).send();
      return reply.type(picture.type).send(Buffer.from(picture.bytes));
    },
  );
}
