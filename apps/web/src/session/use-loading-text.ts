import { useStrings } from "../preferences/preferences-context.js";
import { useConnection } from "./chat-context.js";

/** What stands in place of something that is asked for: without a connection that it comes with the next one. */
export function useLoadingText(): string {
  const strings = useStrings();
  const { state } = useConnection();
  return state === "waiting" ? strings.loadingLater : strings.loading;
}
