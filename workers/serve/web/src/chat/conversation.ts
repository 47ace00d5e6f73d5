import type { Citation, Said } from "../api/types.ts";
import type { Turn } from "./turn.ts";

// What the server takes: 40 turns and 64 KiB.
const MOST_SAID = 40;
const MOST_BYTES = 60 * 1024;
const LONGEST_NAME = 80;

/** A conversation as the browser keeps it. */
export interface Conversation {
  id: string;
  name: string;
  /** When it was last added to: milliseconds since 1970. */
  at: number;
  turns: Turn[];
}

/** What is sent along with the next question, oldest first: the newest questions with whole answers that fit. */
export function history(turns: Turn[]): Said[] {
  const said: Said[] = [];
  let bytes = 0;
  for (const turn of [...turns].reverse()) {
    if (turn.phase !== "done") continue;
    const both: Said[] = [
      { role: "user", content: turn.question.question },
      { role: "assistant", content: turn.text },
    ];
    bytes += both.reduce((sum, one) => sum + new TextEncoder().encode(one.content).length, 0);
    if (bytes > MOST_BYTES || said.length + 2 > MOST_SAID) break;
    said.unshift(...both);
  }
  return said;
}

/** A conversation's name, until somebody gives it another one: its first question. */
export function nameOf(turns: Turn[]): string {
  const words = (turns[0]?.question.question ?? "").replace(/\s+/g, " ").trim();
  return words.length > LONGEST_NAME ? `${words.slice(0, LONGEST_NAME - 1)}…` : words;
}

/**
 * The turns as they are kept: those that came to an end, without the texts of passages. A document may be taken away from
 * whoever asked, and its text must not stay in a browser.
 */
export function kept(turns: Turn[]): Turn[] {
  const bare = (citation: Citation): Citation => ({ ...citation, text: "" });
  return turns.filter((turn) => turn.phase === "done").map((turn) => {
    const answer = turn.answer && { ...turn.answer, citations: turn.answer.citations.map(bare), closest: (turn.answer.closest ?? []).map(bare) };
    return { ...turn, answer, citations: turn.citations.map(bare) };
  });
}

/** A conversation as Markdown: questions, answers, and the documents that they cite. */
export function markdown(conversation: Conversation): string {
  const parts = [`# ${conversation.name}`];
  for (const turn of conversation.turns) {
    parts.push(`## ${turn.question.question.replace(/\s+/g, " ")}`, turn.text);
    const cited = new Set((turn.answer?.citations ?? turn.citations).map((citation) => citation.number));
    const sources = turn.citations.filter((citation) => cited.has(citation.number));
    if (sources.length > 0) parts.push(sources.map((source) => `[${source.number}] ${[source.document, ...source.heading_path].join(" > ")}`).join("  \n"));
  }
  return `${parts.join("\n\n")}\n`;
}
