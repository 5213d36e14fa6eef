/**
 * Keeps requests that users cause inside of the public internet: whoever registers `https://169.254.169.254/` as its push
 * endpoint must not make the server ask it. The name is resolved once, every address is checked, and the connection goes to
 * what was checked, so a name that answers differently the second time gains nothing.
 */
import { Failure } from "@parley/base";
import type { LookupAddress } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";

/** Resolves a host name to all of its addresses. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** What is not the public internet (IANA special-purpose registries). */
const NOT_PUBLIC_4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
/** Of IPv6 only 2000::/3 is given out; within it these are not for everybody, or carry an IPv4 address. */
const NOT_PUBLIC_6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

/** Of the public internet, links lead to these ports and no others: nobody makes a mail server speak. */
const WEB_PORTS: ReadonlySet<string> = new Set(["", "80", "443"]);

const blocked4 = blockList(NOT_PUBLIC_4, "ipv4");
const blocked6 = blockList(NOT_PUBLIC_6, "ipv6");
const global6 = blockList([["2000::", 3]], "ipv6");

/** Whether an address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  const kind = isIP(address);
  if (kind === 4) return !blocked4.check(address, "ipv4");
  if (kind === 6) return global6.check(address, "ipv6") && !blocked6.check(address, "ipv6");
  return false;
}

/** Errors: "address-refused" for what must not be asked. */
export class AddressGuard {
  readonly #allowed: BlockList;
  readonly #resolve: Resolve;

  /** `allowed` are addresses, or networks as "10.1.0.0/16", that the operator trusts. Errors: "bad-setting". */
  constructor(resolve: Resolve, allowed: readonly string[] = []) {
    this.#resolve = resolve;
    this.#allowed = allowedList(allowed);
  }

  /** Checks what the URL itself says. HTTPS only; plain HTTP for an address that the operator allowed. */
  checkUrl(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined) throw refusedAddress("is not a URL");
    const literal = url.hostname.replace(/^\[|\]$/g, "");
    if (url.username !== "" || url.password !== "") throw refusedAddress("names a user");
    if (isIP(literal) !== 0 && !this.isAllowed(literal)) throw refusedAddress("is not public");
    const isPlainAllowed = url.protocol === "http:" && isIP(literal) !== 0 && this.#isTrusted(literal);
    if (url.protocol !== "https:" && !isPlainAllowed) throw refusedAddress("is not https");
    return url;
  }

  /**
   * Checks what a link to be read says. HTTP too: nothing is sent there, and what is said there is for everybody. Where it leads,
   * `addressesOf` checks.
   */
  checkLink(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined) throw refusedAddress("is not a URL");
    if (url.protocol !== "https:" && url.protocol !== "http:") throw refusedAddress("is not of the web");
    if (url.username !== "" || url.password !== "") throw refusedAddress("names a user");
    return url;
  }

  /** Where a link leads: its host is resolved once, and a connection may go to these addresses alone. */
  async addressesOf({ hostname, port }: URL): Promise<readonly LookupAddress[]> {
    const literal = hostname.replace(/^\[|\]$/g, "");
    const kind = isIP(literal);
    const addresses = kind === 0 ? await this.#resolve(literal) : [{ address: literal, family: kind }];
    this.#requireAllowed(addresses);
    const isTrusted = addresses.every(({ address }) => this.#isTrusted(address));
    if (!WEB_PORTS.has(port) && !isTrusted) throw refusedAddress("has a port that is not of the web");
    return addresses;
  }

  isAllowed(address: string): boolean {
    return isPublicAddress(address) || this.#isTrusted(address);
  }

  /** For `net.connect`: answers with checked addresses only, and fails when one of a name is not allowed. */
  readonly lookup: LookupFunction = (hostname, options, answer) => {
    this.#resolve(hostname)
      .then((addresses) => {
        this.#requireAllowed(addresses);
        if (options.all === true) answer(null, [...addresses]);
        else answer(null, addresses[0]!.address, addresses[0]!.family);
      })
      .catch((error: unknown) => answer(error as NodeJS.ErrnoException, ""));
  };

  #requireAllowed(addresses: readonly LookupAddress[]): void {
    const isClean = addresses.length > 0 && addresses.every(({ address }) => this.isAllowed(address));
    if (!isClean) throw refusedAddress("is not public");
  }

  #isTrusted(address: string): boolean {
    return this.#allowed.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  }
}

function refusedAddress(what: string): Failure {
  return new Failure("address-refused", `The address ${what}, so nothing is sent there.`);
}

function blockList(subnets: readonly (readonly [string, number])[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}

/** Whether it is an address, or a network such as "10.1.0.0/16". */
export function isNetwork(text: string): boolean {
  const [network = "", prefixText, ...more] = text.split("/");
  const kind = isIP(network);
  if (kind === 0 || more.length > 0) return false;
  if (prefixText === undefined) return true;
  return /^\d{1,3}$/.test(prefixText) && Number(prefixText) <= (kind === 4 ? 32 : 128);
}

function allowedList(allowed: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of allowed) {
    if (!isNetwork(text)) {
      throw new Failure("bad-setting", `"${text}" is not an address, nor a network such as 10.1.0.0/16.`, {
        retry: "after-change",
      });
    }
    const [network, prefix] = text.split("/") as [string, string | undefined];
    const isV4 = isIP(network) === 4;
    list.addSubnet(network, Number(prefix ?? (isV4 ? 32 : 128)), isV4 ? "ipv4" : "ipv6");
  }
  return list;
}
