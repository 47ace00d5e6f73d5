import type { Part, Passage, WholeDocument } from "../api/types.ts";

/** Passages that follow each other under the same heading in the same part; part: only where a new one begins. */
export interface Stretch {
  part: (Part & { index: number }) | null;
  headings: string[];
  passages: Passage[];
}

/** Puts passages in reading order under their headings and parts, each named once, where it begins. */
export function stretches(passages: Passage[], parts: NonNullable<WholeDocument["parts"]>): Stretch[] {
  const result: Stretch[] = [];
  let part = "";
  let headings: string | null = null;
  for (const passage of passages) {
    const here = passage.part ? `${passage.part.kind} ${passage.part.number}` : part;
    const under = JSON.stringify(passage.heading_path);
    const begins = here !== part && passage.part ? { ...passage.part, index: indexOf(passage.part, parts) } : null;
    if (begins || under !== headings) {
      result.push({ part: begins, headings: under === headings ? [] : passage.heading_path, passages: [] });
    }
    result[result.length - 1]?.passages.push(passage);
    part = here;
    headings = under;
  }
  return result;
}

function indexOf(part: Part, parts: NonNullable<WholeDocument["parts"]>): number {
  return parts.findIndex((one) => one.kind === part.kind && one.number === part.number);
}
