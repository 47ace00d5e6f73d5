import { useEffect, useState } from "preact/hooks";

import type { Client } from "../api/client.ts";
import { type ApiError, asApiError } from "../api/error.ts";
import type { Mode, SearchAnswer } from "../api/types.ts";
import { type Asked, modes } from "./asked.ts";

export interface Column {
  answer: SearchAnswer | null;
  error: ApiError | null;
}

export type Columns = Record<Mode, Column>;

const empty: Columns = { keyword: { answer: null, error: null }, vector: { answer: null, error: null }, hybrid: { answer: null, error: null } };

/** The three searches at once. Each shows when it is there, and one that fails leaves the others standing. */
export function useColumns(client: Client, asked: Asked): { columns: Columns; again: () => void } {
  const [columns, setColumns] = useState<Columns>(empty);
  const [turn, setTurn] = useState(0);
  const wanted = JSON.stringify(asked);
  useEffect(() => {
    const { q, size, fusion, filters } = JSON.parse(wanted) as Asked;
    setColumns(empty);
    if (q === "") return;
    const abort = new AbortController();
    const put = (mode: Mode, column: Column): void => {
      if (!abort.signal.aborted) setColumns((now) => ({ ...now, [mode]: column }));
    };
    for (const mode of modes) {
      const options = { mode, size, ...(mode === "hybrid" ? { fusion } : {}), ...filters };
      client.search(q, options, abort.signal).then(
        (answer) => put(mode, { answer, error: null }),
        (cause: unknown) => put(mode, { answer: null, error: asApiError(cause) }),
      );
    }
    return () => abort.abort();
  }, [client, wanted, turn]);
  return { columns, again: () => setTurn((now) => now + 1) };
}
