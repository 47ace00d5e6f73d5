import type { ApiError } from "../api/error.ts";
import type { Answer, Citation, PassageCounts, Question, Sources } from "../api/types.ts";

/** One question and what has come of it so far. */
export interface Turn {
  id: number;
  /** The server's name of the answer, as soon as it is told. */
  name: string | null;
  question: Question;
  phase: "looking" | "writing" | "done" | "stopped" | "failed";
  text: string;
  citations: Citation[];
  passages: PassageCounts | null;
  /** What was searched, where the question followed up another. */
  condensed: string | null;
  answer: Answer | null;
  error: ApiError | null;
}

export type Happening =
  | { kind: "asked"; id: number; question: Question }
  | { kind: "sources"; id: number; sources: Sources }
  | { kind: "delta"; id: number; text: string }
  | { kind: "done"; id: number; answer: Answer }
  | { kind: "stopped"; id: number }
  | { kind: "failed"; id: number; error: ApiError }
  | { kind: "cleared" }
  | { kind: "opened"; turns: Turn[] };

export function reduce(turns: Turn[], happening: Happening): Turn[] {
  if (happening.kind === "cleared") return [];
  if (happening.kind === "opened") return happening.turns;
  if (happening.kind === "asked") {
    const { id, question } = happening;
    return [...turns, { id, name: null, question, phase: "looking", text: "", citations: [], passages: null, condensed: null, answer: null, error: null }];
  }
  return turns.map((turn) => (turn.id === happening.id ? advance(turn, happening) : turn));
}

type Progress = Exclude<Happening, { kind: "asked" | "cleared" | "opened" }>;

function advance(turn: Turn, happening: Progress): Turn {
  switch (happening.kind) {
    case "sources":
      return { ...turn, name: happening.sources.id ?? null, phase: "writing", citations: happening.sources.citations, passages: happening.sources.passages, condensed: happening.sources.condensed ?? null };
    case "delta":
      return { ...turn, phase: "writing", text: turn.text + happening.text };
    case "done":
      return finished(turn, happening.answer);
    case "stopped":
      return { ...turn, phase: "stopped" };
    case "failed":
      return { ...turn, phase: "failed", error: happening.error };
  }
}

/** The whole answer replaces what was streamed: invented citations are taken out of it only then. */
function finished(turn: Turn, answer: Answer): Turn {
  return { ...turn, name: answer.id ?? turn.name, phase: "done", text: answer.answer, answer, passages: answer.passages, condensed: answer.condensed ?? turn.condensed, citations: joined(turn.citations, answer.citations) };
}

/** The answer may name only what it cites; the passages that were given and not cited are still worth showing. */
function joined(given: Citation[], cited: Citation[]): Citation[] {
  const byNumber = new Map(given.map((citation) => [citation.number, citation]));
  for (const citation of cited) byNumber.set(citation.number, citation);
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}
