import type { Training } from "../api/types.ts";
import type { Key } from "../words/strings.ts";
import { hasEnded } from "./steps.ts";

/** What somebody can do now, and the commands for it. */
export interface NextStep {
  words: Key;
  commands: string[];
}

const train = ["millrace train data", "millrace train now --data DIGEST"];

/** What to do next; null where nothing is to be done, or nothing is known. */
export function nextStep({ kafka, serving, models, runs, drift }: Training): NextStep | null {
  if (kafka !== null) return null;
  const run = runs[0];
  if (!run && models.length === 0) return { words: "model.next.add", commands: ["millrace model add DIR", ...train] };
  if (!run) return { words: "model.next.first", commands: train };
  if (!hasEnded(run.state)) return { words: "model.next.open", commands: [`millrace train status ${run.id}`, `millrace train log ${run.id}`] };
  const made = models.find(({ fingerprint }) => fingerprint === run.model);
  if (run.state === "accepted" && made?.state === "accepted" && made.fingerprint !== serving?.model) {
    const start = `millrace generation start --with-model ${short(made.fingerprint)}`;
    return { words: "model.next.use", commands: [start, "millrace generation status --until-built", "millrace generation compare", "millrace generation promote"] };
  }
  if (run.state === "failed") return { words: "model.next.failed", commands: [`millrace train log ${run.id}`, `millrace train now --data ${run.data ?? "DIGEST"}`] };
  const last = drift.reports.at(-1);
  if (last?.signal && last.until > run.since) return { words: "model.next.signal", commands: train };
  return null;
}

/** A fingerprint as people are told it: enough to name it in a command. */
export function short(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}
