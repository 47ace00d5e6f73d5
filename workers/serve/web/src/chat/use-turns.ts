import { useCallback, useEffect, useReducer, useRef } from "preact/hooks";

import { ask } from "../api/ask.ts";
import type { Client } from "../api/client.ts";
import { asApiError } from "../api/error.ts";
import type { Answer, Question, Sources } from "../api/types.ts";
import { history } from "./conversation.ts";
import { reduce, type Turn } from "./turn.ts";

export interface Turns {
  turns: Turn[];
  busy: boolean;
  put(question: Question): void;
  stop(): void;
  clear(): void;
  /** Shows the turns of another conversation. */
  open(turns: Turn[]): void;
}

export function useTurns(client: Client): Turns {
  const [turns, tell] = useReducer(reduce, []);
  const running = useRef<AbortController | null>(null);
  const last = useRef(0);
  const now = useRef<Turn[]>(turns);
  now.current = turns;
  const stop = useCallback(() => running.current?.abort(), []);
  const put = useCallback(
    (question: Question) => {
      stop();
      const abort = new AbortController();
      running.current = abort;
      last.current += 1;
      const id = last.current;
      const said = history(now.current);
      tell({ kind: "asked", id, question });
      const listener = {
        sources: (sources: Sources) => tell({ kind: "sources", id, sources }),
        delta: (text: string) => tell({ kind: "delta", id, text }),
        done: (answer: Answer) => tell({ kind: "done", id, answer }),
      };
      ask(client, question, said, listener, abort.signal).catch((cause: unknown) => {
        tell(abort.signal.aborted ? { kind: "stopped", id } : { kind: "failed", id, error: asApiError(cause) });
      });
    },
    [client, stop],
  );
  const clear = useCallback(() => {
    stop();
    tell({ kind: "cleared" });
  }, [stop]);
  const open = useCallback(
    (turns: Turn[]) => {
      stop();
      // Under new names: what still comes of an answer that was being written must not meet a turn that is kept, and neither
      // must a judgement that the page holds for another conversation's turn.
      const renamed = turns.map((turn, index) => ({ ...turn, id: last.current + 1 + index }));
      last.current += turns.length;
      tell({ kind: "opened", turns: renamed });
    },
    [stop],
  );
  useEffect(() => stop, [stop]);
  const busy = turns.some((turn) => turn.phase === "looking" || turn.phase === "writing");
  return { turns, busy, put, stop, clear, open };
}
