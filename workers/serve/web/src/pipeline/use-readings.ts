import { useCallback, useRef } from "preact/hooks";

import type { Client } from "../api/client.ts";
import type { ApiError } from "../api/error.ts";
import type { Pipeline } from "../api/types.ts";
import { usePolling } from "../shell/use-polling.ts";
import { type History, remember } from "./flow.ts";

export interface Readings {
  pipeline: Pipeline | null;
  history: History;
  at: Date | null;
  error: ApiError | null;
  paused: boolean;
  again(): void;
}

/** The pipeline, and what it was in the minutes before. */
export function useReadings(client: Client, active: boolean): Readings {
  const history = useRef<History>(new Map());
  const read = useCallback(
    async (signal: AbortSignal): Promise<Pipeline> => {
      const pipeline = await client.pipeline(signal);
      history.current = remember(history.current, pipeline, Date.now());
      return pipeline;
    },
    [client],
  );
  const { value, ...rest } = usePolling(read, active);
  return { pipeline: value, history: history.current, ...rest };
}
