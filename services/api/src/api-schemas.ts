/** What routes answer, for the document of the API and for those who write answers: what is not named here is not sent. */

/** One of the shapes that a JSON schema has here. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const TEXT: JsonSchema = { type: "string" };
export const FLAG: JsonSchema = { type: "boolean" };
/** A whole number that a double holds exactly, such as a time in milliseconds since 1970. */
export const COUNT: JsonSchema = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** An object of which all fields are there but the optional ones. */
export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", required, properties };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** A problem of RFC 9457. */
const PROBLEM: JsonSchema = object(
  {
    type: { ...TEXT, description: "urn:parley:error: and the code" },
    title: TEXT,
    status: COUNT,
    code: { ...TEXT, description: "See docs/protocol/errors.md." },
    detail: TEXT,
    requestId: TEXT,
    field: { ...TEXT, description: "The field that is wrong." },
  },
  ["field"],
);
const REFUSED = {
  description: "A problem.",
  content: { "application/problem+json": { schema: PROBLEM } },
} as const;

/** The answers of a route: what it says when all is well, and problems. */
export function answers(ok: Readonly<Record<number, JsonSchema>>): JsonSchema {
  return { ...ok, "4xx": REFUSED, "5xx": REFUSED };
}

export function json(description: string, schema: JsonSchema): JsonSchema {
  return { description, ...schema };
}

/** An answer without a body. */
export function nothing(description: string): JsonSchema {
  return { description, type: "null" };
}

/** The bytes of a file. */
export function fileOf(description: string): JsonSchema {
  return {
    description,
    content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
  };
}

/** By the token of a user, or by the key of a module. */
export const AS_USER = [{ userToken: [] }];
export const AS_MODULE = [{ moduleKey: [] }];
