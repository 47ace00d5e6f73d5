import type { Me } from "../api/types.ts";

/** A folder as it stands before a name: without a slash in front, with one behind, or nothing at all. */
export function folderOf(typed: string): string {
  const trimmed = typed.trim().replace(/^\/+/, "").replace(/\/+$/, "");
  return trimmed === "" ? "" : `${trimmed}/`;
}

/** Where uploads go at first: into the only place that this key reaches, or to the root of the bucket. */
export function firstFolder(me: Me | null): string {
  const prefix = me?.prefixes[0];
  if (!prefix || !me.bucket) return "";
  const bucket = `${me.bucket}/`;
  return prefix.startsWith(bucket) ? folderOf(prefix.slice(bucket.length)) : "";
}

export function mayWrite(me: Me | null): boolean {
  return me !== null && me.bucket !== null && (me.open || me.role !== "read");
}
