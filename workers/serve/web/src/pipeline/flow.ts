import type { Pipeline } from "../api/types.ts";

/** One reader of one topic, with what is known about its pace. */
export interface Flow {
  topic: string;
  group: string;
  lag: number;
  end: number;
  /** Records that the group reads a second; null while too few readings tell. */
  perSecond: number | null;
  history: number[];
}

/** Where a group stood at one time, in milliseconds. */
export interface Reading {
  at: number;
  lag: number;
  end: number;
}

/** Readings that are kept: five minutes' worth. */
export const KEPT = 60;

/** A pace is taken over a minute's readings, for a worker commits a batch at a time, and over a quarter of that at least. */
const PACED = 12;
const LEAST_MS = 15_000;

export type History = ReadonlyMap<string, Reading[]>;

export function remember(history: History, pipeline: Pipeline, at: number): History {
  return new Map(pipeline.topics.map(({ topic, group, lag, end }) => [name(topic, group), [...(history.get(name(topic, group)) ?? []), { at, lag, end }].slice(-KEPT)]));
}

export function flows(pipeline: Pipeline, history: History): Flow[] {
  return pipeline.topics.map(({ topic, group, lag, end }) => {
    const readings = history.get(name(topic, group)) ?? [];
    return { topic, group, lag, end, perSecond: pace(readings.slice(-PACED)), history: readings.length > 0 ? readings.map((reading) => reading.lag) : [lag] };
  });
}

function pace(readings: Reading[]): number | null {
  const first = readings[0];
  const last = readings.at(-1);
  if (!first || !last || last.at - first.at < LEAST_MS) return null;
  const read = last.end - last.lag - (first.end - first.lag);
  return (Math.max(0, read) * 1000) / (last.at - first.at);
}

/** Seconds until nothing is behind at the pace of now: 0 when nothing waits, null when nothing moves, undefined while the pace is not known. */
export function drain(flow: Flow): number | null | undefined {
  if (flow.lag === 0) return 0;
  if (flow.perSecond === null) return undefined;
  return flow.perSecond > 0 ? flow.lag / flow.perSecond : null;
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
