/** The document of an API that has all routes, as it is kept in docs/protocol. */
import type { AccountCalls, MediaCalls } from "@parley/contracts";
import { RecordingLogger } from "@parley/base/testing";
import type { TenantId } from "@parley/protocol";
import { createApi } from "../create-api.js";
import type { ModuleApi } from "../module-routes.js";
import { DOCUMENT_URL } from "../openapi.js";

export const DOCUMENT_PATH = "docs/protocol/openapi.json";

/** Nobody is asked for anything: only what could be asked is looked at. */
export async function apiDocument(): Promise<string> {
  const api = await createApi({
    accounts: {} as AccountCalls,
    media: {} as MediaCalls,
    modules: {} as ModuleApi,
    pictureType: () => "",
    tenantDefault: "main" as TenantId,
    logger: new RecordingLogger(),
  });
  try {
    const { body } = await api.inject({ method: "GET", url: DOCUMENT_URL });
    return `${JSON.stringify(JSON.parse(body), undefined, 2)}\n`;
  } finally {
    await api.close();
  }
}
