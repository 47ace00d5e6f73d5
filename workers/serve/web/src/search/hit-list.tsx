import { useId } from "preact/hooks";

import type { Mode, SearchAnswer } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { Failure } from "../shell/failure.tsx";
import type { Ranks } from "./asked.ts";
import { HitView } from "./hit-view.tsx";
import type { Column } from "./use-columns.ts";

interface Properties {
  mode: Mode;
  column: Column;
  ranks: Ranks;
  pointed: string | null;
  point(id: string | null): void;
  /** Told which list is worked in: it is the one that stays when an open document leaves room for one only. */
  use(mode: Mode): void;
  again(): void;
}

/** One mode's answer: a column of three. */
export function HitList({ mode, column, use, again, ...rest }: Properties) {
  const { say } = useShell();
  const { answer, error } = column;
  const heading = useId();
  return (
    <section class="column" data-column={mode} aria-labelledby={heading} aria-busy={!answer && !error} onFocusIn={() => use(mode)} onClick={() => use(mode)}>
      <header>
        <h2 id={heading}>{say(`search.mode.${mode}`)}</h2>
        {answer && <Timing answer={answer} />}
      </header>
      {error && <Failure error={error} again={again} />}
      {!answer && !error && <p class="faint">{say("shell.loading")}</p>}
      {answer?.hits.length === 0 && <p class="faint none">{say("search.none")}</p>}
      {answer && answer.hits.length > 0 && (
        <ol>
          {answer.hits.map((hit, index) => (
            <HitView key={hit.id} hit={hit} rank={index + 1} mode={mode} hits={answer.hits} {...rest} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Timing({ answer }: { answer: SearchAnswer }) {
  const { say } = useShell();
  const { timing } = answer;
  const detail = timing && say("search.timing", { embed: timing.embed_ms ?? 0, engine: timing.engine_ms ?? 0, fuse: timing.fuse_ms ?? 0, place: timing.place_ms ?? 0 });
  return (
    <p class="timing" title={detail}>
      {say("search.hits", { count: answer.hits.length })}
      {answer.mode === "hybrid" && answer.fusion ? ` · ${answer.fusion}` : ""} · {say("search.took", { ms: answer.took_ms })}
    </p>
  );
}
