export { AddressGuard, isNetwork, isPublicAddress, type Resolve } from "./address-guard.js";
export {
  FETCH_BYTES_MAX,
  FETCH_MS_MAX,
  FETCH_REDIRECTS_MAX,
  type LinkAnswer,
  type LinkFetcher,
  type LinkRequest,
} from "./fetcher.js";
export { NodeLinkFetcher, type NodeLinkFetcherOptions } from "./node-link-fetcher.js";
