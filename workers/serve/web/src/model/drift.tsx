import type { DriftMeasurement, DriftReport, Training } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { decimals, momentOf, signed } from "../words/figures.ts";
import type { Say } from "../words/locale.ts";
import { type Key, strings } from "../words/strings.ts";
import { type Chart, chartOf, type Series, seriesOf, valueOf } from "./drift-chart.ts";

const WIDTH = 260;
const HEIGHT = 72;

/** How documents and questions do beside how they did: the last report's words, and each measure over time. */
export function Drift({ drift: { reports, note } }: Pick<Training, "drift">) {
  const { say, tag } = useShell();
  const last = reports.at(-1);
  if (note !== null) return <p class="notice">{note}</p>;
  if (!last) {
    return (
      <p class="faint">
        {say("model.drift.none")} <code>millrace drift measure</code>
      </p>
    );
  }
  const series = seriesOf(reports);
  return (
    <>
      <p class={last.signal ? "notice bad" : "notice"} data-signal={last.signal ? "" : undefined}>
        {last.text}
      </p>
      <p class="faint">{say("model.drift.looked", { count: reports.length, time: momentOf(last.until, tag) })}</p>
      {series.length > 0 && (
        <>
          <p class="faint">{say("model.drift.legend")}</p>
          <ul class="measures">
            {series.map((one) => (
              <Measure key={one.name} series={one} reports={reports} />
            ))}
          </ul>
          <Figures series={series} reports={reports} />
        </>
      )}
    </>
  );
}

function Measure({ series, reports }: { series: Series; reports: DriftReport[] }) {
  const { say, tag } = useShell();
  const { name, last, samples } = series;
  const { reference, current, effect, counts_from, over } = last.measured;
  const worse = { effect: decimals(Math.abs(effect), 3, tag), bound: counts_from.toLocaleString(tag) };
  const verdict = say(verdictOf(last.measured), worse);
  const label = say("model.drift.chart", { count: samples.length, verdict, time: momentOf(last.report.until, tag) });
  return (
    <li data-measure={name}>
      <h3>{measureOf(say, name)}</h3>
      <p>
        <strong>{valueOf(name, current, tag)}</strong> <span class="faint">{say("model.drift.reference", { value: valueOf(name, reference, tag) })}</span>
      </p>
      <Drawn chart={chartOf(series, reports, WIDTH, HEIGHT)} label={label} />
      <p class={over ? "cause" : "faint"}>{verdict}</p>
      {last.report.raised.includes(name) && <p class="cause">{say("model.drift.raised")}</p>}
      {last.report !== reports.at(-1) && <p class="faint">{say("model.drift.earlier", { time: momentOf(last.report.until, tag) })}</p>}
    </li>
  );
}

function Drawn({ chart: { path, marks, zero, bound, signals }, label }: { chart: Chart; label: string }) {
  return (
    <svg class="drift-chart" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      <path class="ground" d={`M0 ${zero}H${WIDTH}`} />
      <path class="bound" d={`M0 ${bound}H${WIDTH}`} />
      {signals.map((x) => (
        <path key={x} class="signal" d={`M${x} 0V${HEIGHT}`} />
      ))}
      <path class="line" d={path} />
      {marks.map(({ x, y, over }, place) => (
        <circle key={place} class={over ? "over" : undefined} cx={x} cy={y} r={over ? 4 : 2} />
      ))}
    </svg>
  );
}

/** The same as a table, newest first: a chart is no way to read a number. */
function Figures({ series, reports }: { series: Series[]; reports: DriftReport[] }) {
  const { say, tag } = useShell();
  const effect = (report: DriftReport, name: string): string => {
    const measured = report.measures.find((one) => one.name === name);
    return measured ? signed(measured.effect, 3, tag) : "–";
  };
  return (
    <details>
      <summary>{say("model.drift.table")}</summary>
      <div class="wide-table" role="region" tabIndex={0} aria-label={say("model.drift.table")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say("model.drift.time")}</th>
              {series.map(({ name }) => (
                <th key={name} scope="col" class="figure">
                  {measureOf(say, name)}
                </th>
              ))}
              <th scope="col">{say("model.drift.call")}</th>
            </tr>
          </thead>
          <tbody>
            {[...reports].reverse().map((report, place) => (
              <tr key={place}>
                <th scope="row">{momentOf(report.until, tag)}</th>
                {series.map(({ name }) => (
                  <td key={name} class="figure">
                    {effect(report, name)}
                  </td>
                ))}
                <td>{report.signal ? say("model.drift.yes") : (report.held_back ?? "–")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function verdictOf({ effect, counts_from, over }: DriftMeasurement): Key {
  if (over) return "model.drift.over";
  if (effect < 0) return "model.drift.better";
  return effect >= counts_from ? "model.drift.chance" : "model.drift.below";
}

/** A newer program may measure what this page has no words for. */
function measureOf(say: Say, name: string): string {
  const key = `model.measure.${name}`;
  return key in strings ? say(key as Key) : name;
}
