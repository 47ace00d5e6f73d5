import type { Pipeline } from "../api/types.ts";

/** One reader of one topic, with what is known about its pace. */
export interface Flow {
  topic: string;
  group: string;
  lag: number;
  end: number;
  perSecond: number | null;
  history: number[];
}

/** Readings that are kept: five minutes' worth. */
export const KEPT = 60;

export type History = ReadonlyMap<string, number[]>;

export function remember(history: History, pipeline: Pipeline): History {
  return new Map(pipeline.topics.map(({ topic, group, lag }) => [name(topic, group), [...(history.get(name(topic, group)) ?? []), lag].slice(-KEPT)]));
}

export function flows(pipeline: Pipeline, history: History): Flow[] {
  const rates = new Map(pipeline.throughput.map(({ topic, per_second }) => [topic, per_second]));
  return pipeline.topics.map(({ topic, group, lag, end }) => ({
    topic,
    group,
    lag,
    end,
    perSecond: rates.get(topic) ?? null,
    history: history.get(name(topic, group)) ?? [lag],
  }));
}

/** Seconds until nothing is behind at the pace of now; null when nothing moves, 0 when nothing waits. */
export function drain(flow: Flow): number | null {
  if (flow.lag === 0) return 0;
  return flow.perSecond && flow.perSecond > 0 ? flow.lag / flow.perSecond : null;
}

/** A line through the readings, newest at the right, in a box of width × height. */
export function line(history: number[], width: number, height: number): string {
  const highest = Math.max(1, ...history);
  const step = width / (KEPT - 1);
  const from = width - step * (history.length - 1);
  return history.map((lag, index) => `${index === 0 ? "M" : "L"}${round(from + step * index)} ${round(height - (lag / highest) * height)}`).join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function name(topic: string, group: string): string {
  return `${topic}\n${group}`;
}
