import type { ParleyClient } from "@parley/client";
import type { Profile, UserId } from "@parley/protocol";
import type { NameBook } from "./name-book.js";

/** What is known of a person, null when there is nobody; the name and the picture are shown everywhere from then on. */
export async function loadProfile(
  { client, names }: { readonly client: ParleyClient; readonly names: NameBook },
  userId: UserId,
): Promise<Profile | null> {
  const profiles = await client.profiles([userId]);
  names.learn(profiles);
  return profiles[0] ?? null;
}
