import type { Model, ProvenScore } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { decimals, signed } from "../words/figures.ts";
import type { Say } from "../words/locale.ts";
import { reach, verdictOf, whiskerOf } from "./gain.ts";
import { short } from "./next.ts";

const WIDTH = 160;
const HEIGHT = 16;

export function ModelList({ models }: { models: Model[] }) {
  const { say } = useShell();
  const most = reach(models.flatMap(({ scores }) => scores));
  if (models.length === 0) return <p class="faint">{say("model.models.none")}</p>;
  return (
    <ul class="cards models">
      {models.map((model) => (
        <Card key={model.fingerprint} model={model} most={most} />
      ))}
    </ul>
  );
}

function Card({ model, most }: { model: Model; most: number }) {
  const { say } = useShell();
  const { fingerprint, name, state, reason, dimension, served, scores } = model;
  return (
    <li data-model={short(fingerprint)} data-state={state} aria-current={served ? "true" : undefined}>
      <div class="head">
        <strong>{name}</strong> <code title={fingerprint}>{short(fingerprint)}</code>
        {served && <span class="served">{say("generations.served")}</span>}
        <span class={`state ${state}`}>{say(`model.state.${state}`)}</span>
        <span class="faint">{say("generations.dimension", { count: dimension })}</span>
      </div>
      {reason && <p class={state === "refused" ? "cause" : "faint"}>{reason}</p>}
      {scores.length > 0 ? <Scores model={model} most={most} /> : <p class="faint">{say("model.score.none")}</p>}
    </li>
  );
}

function Scores({ model: { name, scores }, most }: { model: Model; most: number }) {
  const { say, tag } = useShell();
  return (
    <table class="scores">
      <caption class="unseen">{say("model.score.of", { name })}</caption>
      <thead>
        <tr>
          <th scope="col">{say("model.score.questions")}</th>
          <th scope="col" class="figure">
            {say("model.score.change")}
          </th>
          <th scope="col">{say("model.score.gain", { most: decimals(most, 2, tag) })}</th>
        </tr>
      </thead>
      <tbody>
        {scores.map((score) => (
          <Row key={`${score.set}\n${score.mode}`} score={score} most={most} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ score, most }: { score: ProvenScore; most: number }) {
  const { say, tag } = useShell();
  const { before, after } = score;
  return (
    <tr>
      <th scope="row">
        {setOf(say, score.set)} <span class="faint">{say(`search.mode.${score.mode}`)}</span>
      </th>
      <td class="figure">
        {before !== null && (
          <>
            {decimals(before, 3, tag)}
            <span aria-hidden="true"> → </span>
            <span class="unseen">{say("model.score.then")}</span>
          </>
        )}
        <strong>{decimals(after, 3, tag)}</strong>
      </td>
      <td class="gain">
        <Gain score={score} most={most} />
      </td>
    </tr>
  );
}

function Gain({ score, most }: { score: ProvenScore; most: number }) {
  const { say, tag } = useShell();
  const { gain, low, high } = score;
  const verdict = verdictOf(score);
  const whisker = whiskerOf(score, most, WIDTH);
  if (gain === null || low === null || high === null || !verdict || !whisker) return <span class="faint">{say("model.score.alone")}</span>;
  const { zero, dot, from, to } = whisker;
  const middle = HEIGHT / 2;
  return (
    <>
      <svg class={`whisker ${verdict}`} aria-hidden="true" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT}>
        <path class="ground" d={`M0 ${middle}H${WIDTH}`} />
        <path class="zero" d={`M${zero} 0V${HEIGHT}`} />
        <path class="interval" d={`M${from} ${middle}H${to}M${from} ${middle - 4}V${middle + 4}M${to} ${middle - 4}V${middle + 4}`} />
        <circle class="dot" cx={dot} cy={middle} r="3.5" />
      </svg>
      <span class="numbers">
        <strong>{signed(gain, 3, tag)}</strong> [{signed(low, 3, tag)}, {signed(high, 3, tag)}] <span class={`verdict ${verdict}`}>{say(`model.verdict.${verdict}`)}</span>
      </span>
    </>
  );
}

function setOf(say: Say, set: string): string {
  return set === "golden" ? say("model.score.golden") : set;
}
