import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import type { Client } from "../api/client.ts";
import { type ApiError, asApiError, isAbort } from "../api/error.ts";
import type { Pipeline } from "../api/types.ts";
import { type History, remember } from "./flow.ts";

const EVERY = 5000;

export interface Readings {
  pipeline: Pipeline | null;
  history: History;
  at: Date | null;
  error: ApiError | null;
  paused: boolean;
  again(): void;
}

/** Reads while it is looked at: not in another view, not in a hidden tab. The next reading waits for the one before. */
export function useReadings(client: Client, active: boolean): Readings {
  const [reading, setReading] = useState<{ pipeline: Pipeline; at: Date } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const history = useRef<History>(new Map());
  const visible = useVisible();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!active || !visible) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const read = async (): Promise<void> => {
      try {
        const pipeline = await client.pipeline(abort.signal);
        const at = new Date();
        history.current = remember(history.current, pipeline, at.getTime());
        setReading({ pipeline, at });
        setError(null);
      } catch (cause) {
        if (isAbort(cause) || abort.signal.aborted) return;
        const failed = asApiError(cause);
        setError(failed);
        // A key that may not, or that was not given, will not do better in five seconds.
        if (failed.status === 401 || failed.status === 403) return;
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void read(), EVERY);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [client, active, visible, turn]);
  const again = useCallback(() => setTurn((now) => now + 1), []);
  return { pipeline: reading?.pipeline ?? null, at: reading?.at ?? null, history: history.current, error, paused: !visible, again };
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
