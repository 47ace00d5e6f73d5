import type { Model, Training } from "../api/types.ts";
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
  const accepted = run.state === "accepted" && made?.state === "accepted" && made.fingerprint !== serving?.model;
  // What was served until just now is not proposed: a person went back from it.
  const use = accepted && made.fingerprint !== serving?.previous?.model ? useOf(made) : null;
  if (use) return use;
  if (run.state === "failed") return { words: "model.next.failed", commands: [`millrace train log ${run.id}`, `millrace train now --data ${run.data ?? "DIGEST"}`] };
  // A later look that is calm, or held back, answers no alarm: a run does, or another generation, which has a reference of its own.
  const answers = (generation: string): boolean => serving === null || serving.generation === generation;
  const alarmed = drift.reports.some(({ signal, until, generation }) => signal && answers(generation) && runs.every(({ since }) => until > since));
  if (alarmed) return { words: "model.next.signal", commands: train };
  return null;
}

/** What is left to do until an accepted model is served; null where somebody gave its generation up. */
function useOf({ fingerprint, generation }: Model): NextStep | null {
  const id = generation?.id;
  switch (generation?.state) {
    case undefined: {
      const start = `millrace generation start --with-model ${short(fingerprint)}`;
      return { words: "model.next.use", commands: [start, "millrace generation status --until-built", "millrace generation compare", "millrace generation promote"] };
    }
    case "building":
      return { words: "model.next.building", commands: ["millrace generation status"] };
    case "paused":
    case "failed":
      return { words: "model.next.halted", commands: ["millrace generation status", `millrace generation resume ${id}`, `millrace generation retire ${id}`] };
    case "built":
      return { words: "model.next.built", commands: [`millrace model promote ${short(fingerprint)}`] };
    default:
      return null;
  }
}

/** A fingerprint as people are told it: enough to name it in a command. */
export function short(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}
