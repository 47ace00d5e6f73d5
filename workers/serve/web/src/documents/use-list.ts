import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import type { Client } from "../api/client.ts";
import { type ApiError, asApiError, isAbort } from "../api/error.ts";
import type { DocumentRow } from "../api/types.ts";


export interface Listing {
  rows: DocumentRow[] | null;
  /** Whether the server has more than is shown. */
  more: boolean;
  busy: boolean;
  error: ApiError | null;
  next(): void;
  refresh(): void;
}

/** The list of documents, page by page. A refresh reads again as many pages as are shown, so nothing jumps. */
export function useList(client: Client, prefix: string, active: boolean): Listing {
  const [rows, setRows] = useState<DocumentRow[] | null>(null);
  const [after, setAfter] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const pages = useRef(1);
  const running = useRef<AbortController | null>(null);
  const read = useCallback(
    async (count: number) => {
      running.current?.abort();
      const abort = new AbortController();
      running.current = abort;
      setBusy(true);
      try {
        const all = await readPages(client, prefix, count, abort.signal);
        if (abort.signal.aborted) return;
        pages.current = count;
        setRows(all.rows);
        setAfter(all.after);
        setError(null);
      } catch (cause) {
        if (!abort.signal.aborted && !isAbort(cause)) setError(asApiError(cause));
      } finally {
        if (running.current === abort) setBusy(false);
      }
    },
    [client, prefix],
  );
  useEffect(() => {
    if (active) void read(1);
    return () => running.current?.abort();
  }, [read, active]);
  const next = useCallback(() => void read(pages.current + 1), [read]);
  const refresh = useCallback(() => void read(pages.current), [read]);
  return { rows, more: after !== null, busy, error, next, refresh };
}

async function readPages(client: Client, prefix: string, count: number, signal: AbortSignal) {
  const rows: DocumentRow[] = [];
  let after: string | null = null;
  for (let page = 0; page < count; page += 1) {
    const answer = await client.documents(prefix, after, signal);
    rows.push(...answer.documents);
    after = answer.after;
    if (after === null) break;
  }
  return { rows, after };
}
