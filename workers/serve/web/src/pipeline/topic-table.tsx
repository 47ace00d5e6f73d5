import { useShell } from "../shell/context.ts";
import { type Flow, line } from "./flow.ts";

const WIDTH = 120;
const HEIGHT = 22;

export function TopicTable({ flows }: { flows: Flow[] }) {
  const { say } = useShell();
  return (
    <table class="topics">
      <thead>
        <tr>
          <th scope="col">{say("pipeline.topic")}</th>
          <th scope="col">{say("pipeline.group")}</th>
          <th scope="col" class="figure">
            {say("pipeline.lag")}
          </th>
          <th scope="col" class="history">
            {say("pipeline.history")}
          </th>
          <th scope="col" class="figure">
            {say("pipeline.rate")}
          </th>
          <th scope="col" class="figure">
            {say("pipeline.end")}
          </th>
        </tr>
      </thead>
      <tbody>
        {flows.map((flow) => (
          <Row key={`${flow.topic}\n${flow.group}`} flow={flow} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ flow }: { flow: Flow }) {
  const { say, tag } = useShell();
  const stuck = flow.lag > 0 && flow.perSecond === 0;
  return (
    <tr class={stuck ? "stuck" : flow.lag > 0 ? "behind" : "through"}>
      <th scope="row" class="topic">
        {flow.topic}
      </th>
      <td class="group" data-label={say("pipeline.group")}>
        {flow.group}
      </td>
      <td class="figure lag" data-label={say("pipeline.lag")}>
        {flow.lag.toLocaleString(tag)}
      </td>
      <td class="history">
        <Sparkline flow={flow} />
      </td>
      <td class="figure rate" data-label={say("pipeline.rate")}>
        {flow.perSecond === null ? "–" : flow.perSecond.toLocaleString(tag, { maximumFractionDigits: 1 })}
      </td>
      <td class="figure end" data-label={say("pipeline.end")}>
        {flow.end.toLocaleString(tag)}
      </td>
    </tr>
  );
}

function Sparkline({ flow }: { flow: Flow }) {
  const { say } = useShell();
  const { topic, lag, history } = flow;
  const label = say("pipeline.history.of", { topic, lag, highest: Math.max(...history), count: history.length });
  return (
    <svg class="sparkline" role="img" aria-label={label} viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} width={WIDTH} height={HEIGHT + 4}>
      <path class="ground" d={`M0 ${HEIGHT}H${WIDTH}`} />
      <path class="line" d={line(history, WIDTH, HEIGHT)} />
    </svg>
  );
}
