import type { RunState, RunStep, TrainingRun } from "../api/types.ts";

export const steps = ["planned", "submitting", "training", "trained", "judging"] as const satisfies readonly RunStep[];

/** `broken`: where a run stopped that came to nothing. */
export type Standing = "done" | "now" | "broken" | "ahead";

export function hasEnded(state: RunState): boolean {
  return !steps.some((step) => step === state);
}

/** How a run stands to each step on its way. */
export function standings({ state, reached }: Pick<TrainingRun, "state" | "reached">): Standing[] {
  const at = steps.indexOf(reached);
  let here: Standing = "now";
  if (hasEnded(state)) here = state === "accepted" || state === "refused" ? "done" : "broken";
  return steps.map((_, place) => (place < at ? "done" : place === at ? here : "ahead"));
}
