import type { DriftMeasurement, DriftReport } from "../api/types.ts";
import { decimals } from "../words/figures.ts";

/** As the reports name them, in the order in which they are shown; others come after them. */
const order = ["own_opening", "tokens_per_word", "tokens_per_character", "unknown_tokens", "abstentions", "relevance", "disagreement", "negative_feedback"];
/** Those of them that are shares. */
const shares = new Set(["own_opening", "unknown_tokens", "abstentions", "disagreement", "negative_feedback"]);
/** Room at the edges of a chart for dots. */
const INSET = 6;

export interface Sample {
  report: DriftReport;
  measured: DriftMeasurement;
}

/** One measure over time, oldest first. Reports that have not measured it are not in it. */
export interface Series {
  name: string;
  samples: Sample[];
  last: Sample;
}

export function seriesOf(reports: readonly DriftReport[]): Series[] {
  const all = new Map<string, Sample[]>();
  for (const report of reports) {
    for (const measured of report.measures) all.set(measured.name, [...(all.get(measured.name) ?? []), { report, measured }]);
  }
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const series = [...all].flatMap(([name, samples]) => {
    const last = samples.at(-1);
    return last ? [{ name, samples, last }] : [];
  });
  return series.sort((one, other) => place(one.name) - place(other.name) || one.name.localeCompare(other.name));
}

export interface Mark {
  x: number;
  y: number;
  over: boolean;
}

export interface Chart {
  /** Through the measured effects; another generation begins another line, for it has another reference. */
  path: string;
  marks: Mark[];
  zero: number;
  bound: number;
  /** Where a report said that a model should be trained. */
  signals: number[];
}

/** A chart of effects, worse upwards, in a box of width × height; its ends in time are those of all reports, so that charts can be compared. */
export function chartOf({ samples, last }: Series, reports: readonly DriftReport[], width: number, height: number): Chart {
  const times = reports.map(({ until }) => until);
  const [begin, end] = [Math.min(...times), Math.max(...times)];
  const bound = last.measured.counts_from;
  const effects = samples.map(({ measured }) => measured.effect);
  const lowest = Math.min(0, ...effects);
  const highest = Math.max(1.25 * bound, ...effects);
  const x = (until: number): number => round(end > begin ? INSET + ((until - begin) / (end - begin)) * (width - 2 * INSET) : width - INSET);
  const y = (effect: number): number => round(INSET + ((highest - effect) / (highest - lowest || 1)) * (height - 2 * INSET));
  const marks = samples.map(({ report, measured }) => ({ x: x(report.until), y: y(measured.effect), over: measured.over }));
  const begins = (place: number): boolean => samples[place]?.report.generation !== samples[place - 1]?.report.generation;
  return {
    path: marks.map((mark, place) => `${begins(place) ? "M" : "L"}${mark.x} ${mark.y}`).join(""),
    marks,
    zero: y(0),
    bound: y(bound),
    signals: reports.filter(({ signal }) => signal).map(({ until }) => x(until)),
  };
}

/** A value of a measure: a share in percent, anything else as a number. */
export function valueOf(name: string, value: number, tag: string): string {
  if (shares.has(name)) return value.toLocaleString(tag, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return decimals(value, order.includes(name) ? 2 : 3, tag);
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
