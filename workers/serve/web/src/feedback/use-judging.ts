import { useCallback, useReducer, useRef } from "preact/hooks";

import type { Client } from "../api/client.ts";
import { asApiError } from "../api/error.ts";
import type { Judgement } from "../api/types.ts";
import { judge, type Judging, unjudged } from "./judging.ts";

/** Sends judgements of one thing, one after the other: the last one has to reach the server last, because it counts there. */
export function useJudging(client: Client, answer: string, passage?: string): [Judging, (judgement: Judgement, reason?: string) => void] {
  const [judging, tell] = useReducer(judge, unjudged);
  const before = useRef<Promise<void>>(Promise.resolve());
  const count = useRef(0);
  const send = useCallback(
    (judgement: Judgement, reason?: string) => {
      count.current += 1;
      const number = count.current;
      tell({ kind: "sent", judgement });
      const feedback = { answer, judgement, ...(passage ? { passage } : {}), ...(reason ? { reason } : {}) };
      before.current = before.current
        .then(() => client.judge(feedback))
        .then(
          () => tell({ kind: "kept", number, judgement }),
          (cause: unknown) => tell({ kind: "failed", number, error: asApiError(cause) }),
        );
    },
    [client, answer, passage],
  );
  return [judging, send];
}
