/** Names as the name servers have them. */
import { Resolver } from "node:dns/promises";
import type { Resolve } from "./address-guard.js";

/** A name server that is slower is asked once more. */
const RESOLVE_TRY_MS = 1_500;
const RESOLVE_TRIES = 2;

/**
 * Asks the name servers without a thread: the machine's own way to resolve a name takes one of the few in which the process also
 * writes its files, for as long as the name servers of a stranger please. Errors: an error of its own when the name has no address.
 */
export function resolveOverNetwork(servers?: readonly string[]): Resolve {
  return async (hostname) => {
    const resolver = new Resolver({ timeout: RESOLVE_TRY_MS, tries: RESOLVE_TRIES });
    if (servers !== undefined) resolver.setServers(servers);
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = answers.flatMap((answer, index) =>
      answer.status === "rejected"
        ? []
        : answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })),
    );
    if (addresses.length === 0) throw new Error("The name has no address.");
    return addresses;
  };
}
