import type { Model, RunState, TrainingRun } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { momentOf } from "../words/figures.ts";
import { short } from "./next.ts";
import { hasEnded, type Standing, standings, steps } from "./steps.ts";

interface Properties {
  run: TrainingRun;
  models: Model[];
}

export function RunList({ runs, models }: { runs: TrainingRun[]; models: Model[] }) {
  const { say } = useShell();
  if (runs.length === 0) return <p class="faint">{say("model.runs.none")}</p>;
  return (
    <ul class="cards runs">
      {runs.map((run) => (
        <Card key={run.id} run={run} models={models} />
      ))}
    </ul>
  );
}

function Card({ run, models }: Properties) {
  const { say, tag } = useShell();
  const { id, state, stop, reason, outcome, since, by } = run;
  const bad = state === "refused" || state === "failed";
  return (
    <li data-run={id} data-state={state}>
      <div class="head">
        <code>{id}</code>
        <span class={`state ${hasEnded(state) ? state : "underway"}`}>{say(`model.run.${state}`)}</span>
        {stop && !hasEnded(state) && <span class="late">{say("model.run.stop")}</span>}
      </div>
      <Steps run={run} />
      <Made run={run} models={models} />
      {reason && <p>{say("model.run.reason", { reason })}</p>}
      {outcome && <p class={bad ? "cause" : "outcome"}>{outcome}</p>}
      <p class="faint">{say("generations.since", { time: momentOf(since, tag), by })}</p>
    </li>
  );
}

/** How far it is. What a dot shows is said in words, too. */
function Steps({ run }: { run: TrainingRun }) {
  const { say } = useShell();
  const all = standings(run);
  return (
    <ol class="steps" aria-label={say("model.run.steps", { id: run.id })}>
      {steps.map((step, place) => (
        <Step key={step} words={say(`model.run.${step}`)} standing={all[place] ?? "ahead"} />
      ))}
      <Step words={hasEnded(run.state) ? say(`model.run.${run.state}`) : say("model.run.end")} standing={endOf(run.state)} />
    </ol>
  );
}

function Step({ words, standing }: { words: string; standing: Standing }) {
  const { say } = useShell();
  return (
    <li class={standing} aria-current={standing === "now" ? "step" : undefined}>
      {words} <span class="unseen">{say(`model.standing.${standing}`)}</span>
    </li>
  );
}

function endOf(state: RunState): Standing {
  if (!hasEnded(state)) return "ahead";
  return state === "accepted" ? "done" : "broken";
}

/** With what it was made, and what came out. */
function Made({ run: { base, data, trainer, model }, models }: Properties) {
  const { say } = useShell();
  const named = (fingerprint: string): string => {
    const known = models.find((one) => one.fingerprint === fingerprint);
    return known ? `${known.name} (${short(fingerprint)})` : short(fingerprint);
  };
  const words = [say("model.run.base", { name: named(base) }), say("model.run.trainer", { trainer })];
  if (data !== null) words.push(say("model.run.data", { digest: data }));
  if (model !== null) words.push(say("model.run.model", { name: named(model) }));
  return <p class="made">{words.join(" · ")}</p>;
}
