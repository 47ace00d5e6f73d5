import { useCallback, useEffect, useState } from "preact/hooks";

import { type ApiError, asApiError, isAbort } from "../api/error.ts";

export interface Loaded<T> {
  value: T | null;
  error: ApiError | null;
  again: () => void;
}

/** Loads when the inputs change. What an earlier load brings too late is dropped. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setValue(null);
    setError(null);
    load(abort.signal).then(
      (loaded) => {
        if (!abort.signal.aborted) setValue(() => loaded);
      },
      (cause: unknown) => {
        if (!abort.signal.aborted && !isAbort(cause)) setError(asApiError(cause));
      },
    );
    return () => abort.abort();
  }, [...inputs, turn]);
  const again = useCallback(() => setTurn((now) => now + 1), []);
  return { value, error, again };
}
