import type { ProvenScore } from "../api/types.ts";

/** What is gained stands on one scale for all models; with less than this on either side, noise would look large. */
const LEAST = 0.02;
/** Room for a dot at either end. */
const INSET = 5;

/** What an interval says; null where there is none. */
export type Verdict = "better" | "worse" | "chance";

export function verdictOf({ low, high }: ProvenScore): Verdict | null {
  if (low === null || high === null) return null;
  if (low > 0) return "better";
  return high < 0 ? "worse" : "chance";
}

/** How far from zero the scale of these reaches, to both sides. */
export function reach(scores: readonly ProvenScore[]): number {
  const ends = scores.flatMap(({ gain, low, high }) => [gain, low, high]).filter((value) => value !== null);
  return Math.max(LEAST, ...ends.map(Math.abs));
}

export interface Whisker {
  zero: number;
  dot: number;
  from: number;
  to: number;
}

/** Where gain and interval stand on a line of this width, whose ends are `most` to either side of zero. */
export function whiskerOf({ gain, low, high }: ProvenScore, most: number, width: number): Whisker | null {
  if (gain === null || low === null || high === null) return null;
  const at = (value: number): number => Math.round(10 * (INSET + ((value / most + 1) / 2) * (width - 2 * INSET))) / 10;
  return { zero: at(0), dot: at(gain), from: at(low), to: at(high) };
}
