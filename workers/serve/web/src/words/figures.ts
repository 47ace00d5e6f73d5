// Numbers, sizes and times for people.

export function bytes(size: number, tag: string): string {
  if (size < 1000) return `${size} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = size / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString(tag, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${units[unit]}`;
}

/** Scores are of any size (BM25 some tens, fused ones hundredths): three digits that count. */
export function score(value: number, tag: string): string {
  return value.toLocaleString(tag, { minimumSignificantDigits: 3, maximumSignificantDigits: 3, useGrouping: false });
}

export function moment(time: string | undefined, tag: string): string {
  if (!time) return "";
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return date.toLocaleString(tag, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** The same of seconds since 1970. */
export function momentOf(seconds: number, tag: string): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : moment(date.toISOString(), tag);
}

export function decimals(value: number, digits: number, tag: string): string {
  return value.toLocaleString(tag, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A difference, with its sign. */
export function signed(value: number, digits: number, tag: string): string {
  return value.toLocaleString(tag, { signDisplay: "exceptZero", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function clock(time: Date, tag: string): string {
  return time.toLocaleTimeString(tag, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/** How long something takes, in the largest unit that suits: 40 s, 3 min, 2 h. */
export function span(seconds: number, tag: string): string {
  const [unit, length] = seconds < 90 ? (["second", 1] as const) : seconds < 5400 ? (["minute", 60] as const) : (["hour", 3600] as const);
  const value = seconds / length;
  const digits = unit === "second" && value < 10 ? 1 : 0;
  return value.toLocaleString(tag, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits });
}

/** "bucket/path/to/name" as the way there and the name itself, which is what people look for. */
export function pathAndName(document: string): { path: string; name: string } {
  const at = document.replace(/\/+$/, "").lastIndexOf("/");
  return { path: document.slice(0, at + 1), name: document.slice(at + 1) };
}
