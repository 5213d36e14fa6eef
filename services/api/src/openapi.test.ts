import assert from "node:assert/strict";
import { test } from "node:test";
import { readDoc } from "@parley/base/testing";
import { Validator } from "@seriousme/openapi-schema-validator";
import { apiDocument } from "./testing/api-document.js";

interface Operation {
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
  readonly summary?: string;
}

const document = JSON.parse(await apiDocument()) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

test("docs/protocol/openapi.json is what the server says: npm run openapi writes it", () => {
  assert.deepEqual(JSON.parse(readDoc("protocol/openapi.json")), document);
});

test("the document is valid OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(
    structuredClone<Record<string, unknown>>(document),
  );
  assert.deepEqual([document.openapi, valid, errors], ["3.1.0", true, undefined]);
});

test("every route is there, says what it is for, what it answers, and its problems", () => {
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );
  const lacking = routes.filter(({ operation: { summary, responses } }) => {
    const isToldWell = Object.keys(responses).some((status) => status.startsWith("2"));
    return (
      summary === undefined || !isToldWell || responses["4XX"] === undefined || responses["5XX"] === undefined
    );
  });
  assert.deepEqual(
    [routes.map(({ name }) => name).toSorted(), lacking],
    [
      [
        "delete /v1/me/picture",
        "delete /v1/media/{id}",
        "delete /v1/sessions/{id}",
        "get /healthz",
        "get /readyz",
        "get /v1/conversations/{conversationId}/messages/{sequence}/media/{mediaId}",
        "get /v1/demo",
        "get /v1/media/{id}",
        "get /v1/push",
        "get /v1/sessions",
        "get /v1/users/{id}/picture",
        "head /v1/media/{id}",
        "patch /v1/media/{id}",
        "post /v1/login",
        "post /v1/logout",
        "post /v1/media",
        "post /v1/media/{id}/complete",
        "post /v1/modules/events",
        "post /v1/modules/tickets",
        "post /v1/tickets",
        "put /v1/me/picture",
      ],
      [],
    ],
  );
});
