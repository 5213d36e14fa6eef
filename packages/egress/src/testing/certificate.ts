/** A certificate for the loopback, made when a test wants one, by node:crypto alone. Source: RFC 5280, X.690. */
import { generateKeyPairSync, sign } from "node:crypto";

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("0603550403", "hex");
const SUBJECT_ALT_NAME = Buffer.from("0603551d11", "hex");

/** Signed by itself, for "localhost" and 127.0.0.1, until 2049. */
export function testCertificate(): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, text("localhost")))));
  const validity = der(SEQUENCE, der(UTC_TIME, text("200101000000Z")), der(UTC_TIME, text("491231235959Z")));
  const names = der(SEQUENCE, der(0x82, text("localhost")), der(0x87, Buffer.of(127, 0, 0, 1)));
  const extensions = der(0xa3, der(SEQUENCE, der(SEQUENCE, SUBJECT_ALT_NAME, der(OCTET_STRING, names))));
  const version = der(0xa0, der(INTEGER, Buffer.of(2)));
  const serial = der(INTEGER, Buffer.of(1));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const content = der(SEQUENCE, version, serial, algorithm, name, validity, name, spki, extensions);
  const signature = der(BIT_STRING, Buffer.of(0), sign("sha256", content, privateKey));
  const lines = der(SEQUENCE, content, algorithm, signature)
    .toString("base64")
    .match(/.{1,64}/g)!;
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

function text(value: string): Buffer {
  return Buffer.from(value, "utf8");
}
