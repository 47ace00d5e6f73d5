// An answer's text as blocks and pieces. Models write a little Markdown whether asked to or not; what is understood here becomes
// elements of the page, all else stays text. No HTML is ever made from it.

import { tableOf } from "../passage/shapes.ts";

export type Piece =
  | { kind: "text" | "strong" | "code"; text: string }
  | { kind: "citation"; number: number };

export type Block =
  | { kind: "paragraph" | "heading"; pieces: Piece[] }
  | { kind: "list"; ordered: boolean; items: Piece[][] }
  | { kind: "table"; rows: Piece[][][] }
  | { kind: "code"; text: string };

const bullet = /^\s*[-*•]\s+(.*)$/;
const numbered = /^\s*\d{1,3}[.)、]\s+(.*)$/;
const heading = /^#{1,6}\s+(.*?)\s*#*$/;

/** `known`: the numbers that name a passage; a marker of any other number is left as the text it is. */
export function blocks(text: string, known: ReadonlySet<number>): Block[] {
  const result: Block[] = [];
  let paragraph: string[] = [];
  const close = (): void => {
    if (paragraph.length > 0) result.push(written(paragraph, known));
    paragraph = [];
  };
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line.startsWith("```")) {
      close();
      const end = endOfFence(lines, at + 1);
      result.push({ kind: "code", text: lines.slice(at + 1, end).join("\n") });
      at = end;
      continue;
    }
    const title = heading.exec(line)?.[1];
    const item = bullet.exec(line)?.[1] ?? numbered.exec(line)?.[1];
    if (title === undefined && item === undefined) {
      if (line.trim() === "") close();
      else paragraph.push(line);
      continue;
    }
    close();
    if (title !== undefined) result.push({ kind: "heading", pieces: pieces(title, known) });
    else if (item !== undefined) append(result, numbered.test(line), pieces(item, known));
  }
  close();
  return result;
}

/** Lines without an empty one between: a paragraph, or the rows of a table. */
function written(lines: string[], known: ReadonlySet<number>): Block {
  const rows = tableOf(lines);
  if (!rows) return { kind: "paragraph", pieces: pieces(lines.join("\n"), known) };
  return { kind: "table", rows: rows.map((row) => row.map((cell) => pieces(cell, known))) };
}

/** The line of the closing fence; while the answer is still streaming there may be none yet. */
function endOfFence(lines: string[], from: number): number {
  const end = lines.findIndex((line, at) => at >= from && line.startsWith("```"));
  return end < 0 ? lines.length : end;
}

function append(result: Block[], ordered: boolean, item: Piece[]): void {
  const last = result[result.length - 1];
  if (last?.kind === "list" && last.ordered === ordered) last.items.push(item);
  else result.push({ kind: "list", ordered, items: [item] });
}

// Bold, code, and markers of one or several numbers: [1], [1, 2].
const inline = /\*\*([^*\n]+)\*\*|`([^`\n]+)`|\[(\d{1,3}(?:\s*[,\uff0c]\s*\d{1,3})*)\]/g;

export function pieces(text: string, known: ReadonlySet<number>): Piece[] {
  const result: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(inline)) {
    const made = piecesOf(match, known);
    if (made.length === 0) continue;
    if (match.index > from) result.push({ kind: "text", text: text.slice(from, match.index) });
    result.push(...made);
    from = match.index + match[0].length;
  }
  if (from < text.length) result.push({ kind: "text", text: text.slice(from) });
  return result;
}

// The name before an index of code, and the indexes between them: x[0][2].
const indexed = /(^|[^\p{Alphabetic}\p{N}_])([\p{Alphabetic}\p{N}_]+)((?:\[[^[\]\n]*\])*)$/u;
const longestName = 200;

/** Whether a marker behind this text is an index of code; the server's rule (src/marker.rs), which takes none out. */
function isIndex(before: string): boolean {
  const [, outside = "", name = "", indexes = ""] = indexed.exec(before) ?? [];
  const letter = /^[a-z]$/.test(name) && !["'", "\u2019", "-", "\u2011"].includes(outside);
  const joined = /[^_]_+[^_]/u.test(name) && /\p{Lowercase}/u.test(name);
  const first = /^\[\s*0\s*\]/.test(indexes) && /^\p{Alphabetic}/u.test(name);
  return letter || joined || first;
}

function piecesOf(match: RegExpExecArray, known: ReadonlySet<number>): Piece[] {
  const [, strong, code, numbers] = match;
  // A citation inside of bold text must stay a citation.
  if (strong !== undefined) return pieces(strong, known).map((piece) => (piece.kind === "text" ? { ...piece, kind: "strong" } : piece));
  if (code !== undefined) return [{ kind: "code", text: code }];
  if (isIndex(match.input.slice(Math.max(0, match.index - longestName), match.index))) return [];
  const named = (numbers ?? "").split(/[,\uff0c]/).map(Number);
  return named.every((number) => known.has(number)) ? named.map((number) => ({ kind: "citation", number })) : [];
}

/** The numbers cited, in the order in which they are first met. */
export function cited(made: Block[]): number[] {
  const numbers = new Set<number>();
  for (const block of made) {
    if (block.kind === "code") continue;
    const all = block.kind === "list" ? block.items.flat() : block.kind === "table" ? block.rows.flat(2) : block.pieces;
    for (const piece of all) if (piece.kind === "citation") numbers.add(piece.number);
  }
  return [...numbers];
}
