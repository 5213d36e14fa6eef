/** What each idea saves: see ablation/ablation.ts. One object for each idea. */
import { type Idea, figuresOf } from "../ablation/ablation.js";
import { cardIdea } from "../ablation/cards.js";
import { largeGroupIdeas } from "../ablation/large-groups.js";
import { mergingIdeas } from "../ablation/merging.js";
import { syncingIdeas } from "../ablation/syncing.js";
import type { Figures } from "./direct-report.js";

export interface AblationPlan {
  readonly members: number;
  readonly messages: number;
  readonly seed: number;
  /** Old events of a user whose new device comes. */
  readonly events: number;
}

export interface AblationReport {
  readonly ideas: readonly Figures[];
  /** What makes the measurement worthless; empty when all is well. */
  readonly complaints: readonly string[];
}

export async function measureAblation(
  plan: AblationPlan,
  say: (line: string) => void,
): Promise<AblationReport> {
  const ideas: Idea[] = [
    ...(await mergingIdeas(plan.seed, say)),
    await cardIdea(say),
    ...(await largeGroupIdeas(plan, say)),
  ];
  const complaints = ideas.flatMap(({ name, on, off }) =>
    on.storageOps === 0 || off.storageOps === 0 ? [`Nothing was stored for ${name}.`] : [],
  );
  const syncing = await syncingIdeas(plan, say);
  return { ideas: [...ideas.map(figuresOf), ...syncing], complaints };
}
