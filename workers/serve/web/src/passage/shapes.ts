// A passage's text as the shapes that a reader knows. The text says them by its lines: rows of a table have cells between bars, items of a
// list begin with their marker, further in for each depth.

export interface ListLine {
  depth: number;
  marker: string;
  text: string;
}

export type Shape =
  | { kind: "text"; text: string }
  | { kind: "table"; rows: string[][] }
  | { kind: "list"; items: ListLine[] };

const item = /^((?: {2})*)([-*•]|\d{1,4}[.)])\s+(.*)$/;
const ruler = /^[\s|:-]+$/;

/** Whether a line is a row of a table: cells between bars with space around them, or bars at both ends. */
function isRow(line: string): boolean {
  return line.includes(" | ") || /^\|.*\|$/.test(line.trim());
}

/** The cells of lines that are rows; null for fewer than two, as one line with a bar is text. Lines that only rule are left out. */
export function tableOf(lines: string[]): string[][] | null {
  if (lines.length < 2 || !lines.every(isRow)) return null;
  const rows = lines
    .filter((line) => !ruler.test(line))
    .map((line) => line.trim().replace(/^\|/, "").replace(/\|$/, "").split("|").map((cell) => cell.trim()));
  const width = Math.max(0, ...rows.map((row) => row.length));
  return rows.map((row) => [...row, ...Array<string>(width - row.length).fill("")]);
}

export function shapes(text: string): Shape[] {
  const result: Shape[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; ) {
    const end = runEnd(lines, at);
    const run = lines.slice(at, end);
    const rows = tableOf(run);
    const items = run.map((line) => item.exec(line));
    if (rows) result.push({ kind: "table", rows });
    else if (items.every((one) => one !== null)) result.push({ kind: "list", items: items.map((one) => ({ depth: (one[1] ?? "").length / 2, marker: one[2] ?? "", text: one[3] ?? "" })) });
    else append(result, run);
    at = end;
  }
  return result.filter((shape) => shape.kind !== "text" || shape.text.trim() !== "");
}

/** Where the lines end that are rows, items, or neither, as the first is. */
function runEnd(lines: string[], from: number): number {
  const kind = (line: string): string => (isRow(line) ? "row" : item.test(line) ? "item" : "text");
  const first = kind(lines[from] ?? "");
  let end = from + 1;
  while (end < lines.length && kind(lines[end] ?? "") === first) end += 1;
  return end;
}

function append(result: Shape[], lines: string[]): void {
  const last = result[result.length - 1];
  if (last?.kind === "text") last.text += `\n${lines.join("\n")}`;
  else result.push({ kind: "text", text: lines.join("\n").replace(/^\n+/, "") });
}
