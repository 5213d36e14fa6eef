import { type KeyObject, sign } from "node:crypto";

/** The signatures that push services ask for. */
export type TokenAlgorithm = "ES256" | "RS256";

/** A signed JSON Web Token in its compact form. Source: RFC 7515, RFC 7519. */
export function signToken(
  key: KeyObject,
  {
    algorithm,
    header = {},
    claims,
  }: {
    readonly algorithm: TokenAlgorithm;
    readonly header?: Readonly<Record<string, string>>;
    readonly claims: Readonly<Record<string, string | number>>;
  },
): string {
  const content = `${part({ ...header, alg: algorithm })}.${part(claims)}`;
  // JWS wants the two numbers of an ES256 signature side by side, and not in DER.
  const signature = sign("sha256", Buffer.from(content, "ascii"), { key, dsaEncoding: "ieee-p1363" });
  return `${content}.${signature.toString("base64url")}`;
}

function part(value: Readonly<Record<string, string | number>>): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
}
