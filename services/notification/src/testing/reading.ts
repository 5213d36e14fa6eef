/** The other side of what channels send: it checks signatures and decrypts, by its own means. */
import { createDecipheriv, createPublicKey, type ECDH, hkdfSync, type KeyObject, verify } from "node:crypto";

/** The claims of a JSON Web Token; throws when the signature is not by this key. */
export function readToken(
  token: string,
  key: KeyObject,
): { readonly header: Record<string, unknown>; readonly claims: Record<string, unknown> } {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const content = Buffer.from(`${header}.${claims}`);
  const isRight = verify(
    "sha256",
    content,
    { key, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  if (!isRight) throw new Error("The token is not signed by this key.");
  return { header: parsed(header), claims: parsed(claims) };
}

/** The key in a VAPID header's k. */
export function pointKey(point: string): KeyObject {
  const bytes = Buffer.from(point, "base64url");
  const [x, y] = [bytes.subarray(1, 33), bytes.subarray(33)].map((part) => part.toString("base64url"));
  return createPublicKey({ key: { kty: "EC", crv: "P-256", x: x!, y: y! }, format: "jwk" });
}

/** What a browser does with a push. Source: RFC 8291, section 3.4, and RFC 8188. */
export function decryptWebPush(body: Buffer, browser: ECDH, authSecret: Uint8Array): Buffer {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + body.readUInt8(20));
  const record = body.subarray(21 + sender.length);
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), browser.getPublicKey(), sender]);
  const input = Buffer.from(hkdfSync("sha256", browser.computeSecret(sender), authSecret, info, 32));
  const key = Buffer.from(hkdfSync("sha256", input, salt, "Content-Encoding: aes128gcm\0", 16));
  const nonce = Buffer.from(hkdfSync("sha256", input, salt, "Content-Encoding: nonce\0", 12));
  const decipher = createDecipheriv("aes-128-gcm", key, nonce);
  decipher.setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  return padded.subarray(0, padded.lastIndexOf(2));
}

function parsed(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>;
}
