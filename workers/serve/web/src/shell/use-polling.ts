import { useCallback, useEffect, useState } from "preact/hooks";

import { type ApiError, asApiError, isAbort } from "../api/error.ts";

const EVERY = 5000;

export interface Polling<T> {
  value: T | null;
  at: Date | null;
  error: ApiError | null;
  paused: boolean;
  again(): void;
}

/** Reads while it is looked at: not in another view, not in a hidden tab. The next reading waits for the one before. */
export function usePolling<T>(read: (signal: AbortSignal) => Promise<T>, active: boolean): Polling<T> {
  const [reading, setReading] = useState<{ value: T; at: Date } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const visible = useVisible();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!active || !visible) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const once = async (): Promise<void> => {
      try {
        const value = await read(abort.signal);
        setReading({ value, at: new Date() });
        setError(null);
      } catch (cause) {
        if (isAbort(cause) || abort.signal.aborted) return;
        const failed = asApiError(cause);
        setError(failed);
        // A key that may not, or that was not given, will not do better in five seconds.
        if (failed.status === 401 || failed.status === 403) return;
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void once(), EVERY);
    };
    void once();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [read, active, visible, turn]);
  const again = useCallback(() => setTurn((now) => now + 1), []);
  return { value: reading?.value ?? null, at: reading?.at ?? null, error, paused: !visible, again };
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const changed = (): void => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  return visible;
}
