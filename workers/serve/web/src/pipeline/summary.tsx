import type { Pipeline } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { span } from "../words/figures.ts";

interface Properties {
  pipeline: Pipeline;
  behind: number;
  /** Seconds; null when one does not move, undefined while that is not known. */
  slowest: number | null | undefined;
}

/** The four figures that tell at a glance whether all is well. */
export function Summary({ pipeline, behind, slowest }: Properties) {
  const { say, tag } = useShell();
  const { engine, dead_letters } = pipeline;
  const latest = dead_letters.latest[0];
  let pace = say("pipeline.behind.none");
  if (behind > 0) {
    pace = say(slowest === null ? "pipeline.drain.never" : "pipeline.drain.unknown");
    if (typeof slowest === "number") pace = say("pipeline.drain", { time: span(slowest, tag) });
  }
  return (
    <dl class="summary">
      <Figure term={say("pipeline.behind")} value={behind} note={pace} alarm={behind > 0 && slowest === null} />
      <Figure term={say("pipeline.dead")} value={dead_letters.count} note={latest ? say("pipeline.dead.at", { stage: latest.stage }) : say("pipeline.dead.none")} />
      <Figure term={say("pipeline.documents")} value={engine.documents} note={engine.kind} />
      <Figure term={say("pipeline.chunks")} value={engine.chunks} note={engine.kind} />
    </dl>
  );
}

function Figure({ term, value, note, alarm = false }: { term: string; value: number; note: string; alarm?: boolean }) {
  const { tag } = useShell();
  return (
    <div class={alarm ? "alarm" : undefined}>
      <dt>{term}</dt>
      <dd>
        <span class="value">{value.toLocaleString(tag)}</span>
        <span class="note">{note}</span>
      </dd>
    </div>
  );
}
