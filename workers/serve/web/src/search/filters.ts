import type { Filters } from "../api/types.ts";

export const filterNames = ["prefix", "language", "format", "since"] as const;

/** The formats that the system reads, by the names it gives them. */
export const formats = ["pdf", "docx", "pptx", "xlsx", "doc", "ppt", "xls", "odt", "odp", "ods", "html", "eml", "msg", "mbox", "epub", "rtf", "markdown", "rst", "org", "asciidoc", "text", "csv", "json", "ndjson", "xml", "jats", "zip", "tar", "gzip", "bzip2", "xz", "zstd"] as const;

export const languages = ["zh", "en", "ja", "ko", "de", "fr", "es", "ru"] as const;

/** The filters that are set, without the empty ones. */
export function filled(filters: Filters): Filters {
  const result: Filters = {};
  for (const name of filterNames) {
    const value = filters[name]?.trim();
    if (value) result[name] = name === "since" ? instant(value) : value;
  }
  return result;
}

/** A day as the date field gives it, as the moment it begins where the reader is. RFC 3339 is left as it is. */
export function instant(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return day;
  return new Date(`${day}T00:00:00`).toISOString();
}

/** The day that the date field shows for what stands in an address. */
export function dayOf(since: string | undefined): string {
  if (!since || /^\d{4}-\d{2}-\d{2}$/.test(since)) return since ?? "";
  const date = new Date(since);
  if (Number.isNaN(date.getTime())) return "";
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
