import type { ApiError } from "../api/error.ts";
import type { Judgement } from "../api/types.ts";

/** What is thought of one thing: as the reader sees it at once, and as the server has it. */
export interface Judging {
  shown: Judgement;
  kept: Judgement;
  /** How many were sent, so that a late answer of the server is told from that to the last one. */
  sent: number;
  /** Whether all that was sent is kept; false before anything was. */
  settled: boolean;
  error: ApiError | null;
}

export type JudgingEvent =
  | { kind: "sent"; judgement: Judgement }
  | { kind: "kept"; number: number; judgement: Judgement }
  | { kind: "failed"; number: number; error: ApiError };

export const unjudged: Judging = { shown: "none", kept: "none", sent: 0, settled: false, error: null };

/** What is pressed again is taken back. */
export function pressed(judging: Judging, thumb: "up" | "down"): Judgement {
  return judging.shown === thumb ? "none" : thumb;
}

export function judge(judging: Judging, event: JudgingEvent): Judging {
  switch (event.kind) {
    case "sent":
      return { ...judging, shown: event.judgement, sent: judging.sent + 1, settled: false, error: null };
    case "kept":
      return { ...judging, kept: event.judgement, settled: event.number === judging.sent };
    case "failed":
      // What was sent after it still counts; the last one goes back to what the server has.
      return event.number === judging.sent ? { ...judging, shown: judging.kept, error: event.error } : judging;
  }
}
