import type { Filters, Hit, Mode } from "../api/types.ts";
import { filterNames } from "./filters.ts";

export const modes = ["keyword", "vector", "hybrid"] as const satisfies readonly Mode[];
export const sizes = [5, 10, 20, 50] as const;
export const fusions = ["auto", "convex", "rrf"] as const;
export type Fusion = (typeof fusions)[number];

/** A search as the address holds it. */
export interface Asked {
  q: string;
  size: number;
  fusion: Fusion;
  filters: Filters;
}

export function askedOf(parameters: Record<string, string>): Asked {
  const filters: Filters = {};
  for (const name of filterNames) {
    const value = parameters[name];
    if (value) filters[name] = value;
  }
  return {
    q: parameters["q"] ?? "",
    size: sizes.find((size) => String(size) === parameters["size"]) ?? 10,
    fusion: fusions.find((fusion) => fusion === parameters["fusion"]) ?? "auto",
    filters,
  };
}

export function parametersOf(asked: Asked): Record<string, string> {
  return {
    q: asked.q,
    ...(asked.size === 10 ? {} : { size: String(asked.size) }),
    ...(asked.fusion === "auto" ? {} : { fusion: asked.fusion }),
    ...asked.filters,
  };
}

/** For each passage its place (from 1) in each of the three lists, where it has one. */
export type Ranks = ReadonlyMap<string, Partial<Record<Mode, number>>>;

export function ranksOf(lists: Partial<Record<Mode, Hit[]>>): Ranks {
  const ranks = new Map<string, Partial<Record<Mode, number>>>();
  for (const mode of modes) {
    lists[mode]?.forEach((hit, index) => ranks.set(hit.id, { ...ranks.get(hit.id), [mode]: index + 1 }));
  }
  return ranks;
}

/** How much of the width a score fills: against the best of its own list, for scores compare within one list only. */
export function share(score: number, hits: Hit[]): number {
  const best = Math.max(...hits.map((hit) => hit.score));
  return best > 0 ? Math.max(0, Math.min(1, score / best)) : 0;
}
