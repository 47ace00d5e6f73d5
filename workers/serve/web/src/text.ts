import type { Part } from './api';

/** A piece of an answer: text, or the numbers of a citation. */
export type Span = { text: string } | { numbers: number[] };

/** An answer with its citations apart. */
export function spans(answer: string): Span[] {
  return answer.split(/(\[\d+(?:, \d+)*\])/).filter((part) => part !== '').map((part) =>
    /^\[\d/.test(part) ? { numbers: part.slice(1, -1).split(', ').map(Number) } : { text: part });
}

/** Bytes for people. */
export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A key as folder and name. */
export function split(key: string): [string, string] {
  const slash = key.lastIndexOf('/') + 1;
  return [key.slice(0, slash), key.slice(slash)];
}

/** Where a passage stands, such as `page 3`. */
export function where(part: Part | null | undefined, word: (name: Part['kind']) => string): string {
  if (!part) return '';
  return part.name ? `${word(part.kind)} ${part.name}` : `${word(part.kind)} ${part.number}`;
}
