import { useId } from "preact/hooks";

import type { BuildState, Generation, GenerationChange, GenerationList } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { momentOf, span } from "../words/figures.ts";
import type { Say } from "../words/locale.ts";
import { type Progress, progressOf } from "./progress.ts";

/** What may be done next in each state. */
const changeOf: Record<BuildState, GenerationChange | null> = { building: "pause", paused: "resume", failed: "resume", built: "promote", retiring: null };

interface Properties {
  generation: Generation;
  list: GenerationList;
  ask(change: GenerationChange): void;
}

export function GenerationCard({ generation, list, ask }: Properties) {
  const { say, tag } = useShell();
  const { id, model, state, served, previous, reason, by, since } = generation;
  const name = useId();
  return (
    <li data-generation={id} data-state={state} aria-current={served ? "true" : undefined}>
      <div class="head" id={name}>
        <strong>{model}</strong> <code>{id}</code>
        {served && <span class="served">{say("generations.served")}</span>}
        {previous && <span class="faint">{say("generations.previous")}</span>}
        {!served && <span class={`state ${state}`}>{say(`generations.state.${state}`)}</span>}
      </div>
      <Actions generation={generation} ask={ask} />
      <p class="made">
        {mappingOf(say, generation)} · {say(`generations.source.${generation.source}`)}
      </p>
      {reason && <p class="cause">{reason}</p>}
      <Place generation={generation} name={name} />
      <Servers generation={generation} list={list} />
      <p class="faint">{say("generations.since", { time: momentOf(since, tag), by })}</p>
    </li>
  );
}

function Actions({ generation: { id, state, served, previous }, ask }: Pick<Properties, "generation" | "ask">) {
  const { say } = useShell();
  const change = served ? null : changeOf[state];
  if (!change) return null;
  const words = say(change === "promote" && previous ? "generations.rollback" : `generations.${change}`);
  return (
    <p class="act">
      <button type="button" aria-label={say("generations.act.of", { act: words, id })} onClick={() => ask(change)}>
        {words}
      </button>
    </p>
  );
}

/** How far it is: a bar while it is being built, and words from then on. */
function Place({ generation, name }: { generation: Generation; name: string }) {
  const { say, tag } = useShell();
  const { state, writers, trouble } = generation;
  if (trouble) return <p class="cause">{say("generations.unknown", { cause: trouble })}</p>;
  if (state === "retiring" || writers.length === 0) return null;
  const progress = progressOf(writers);
  if (state === "built") return <p class="pace">{progress.behind > 0 ? say("generations.behind", { count: progress.behind }) : say("generations.follows")}</p>;
  const percent = (progress.percent / 100).toLocaleString(tag, { style: "percent" });
  return (
    <>
      <p class="progress">
        <progress max={100} value={progress.percent} aria-labelledby={name} />
        <span class="percent">{percent}</span>
        <span class="pace">{state === "building" ? paceOf(say, tag, progress) : null}</span>
      </p>
      {progress.waits > 0 && <p class="cause">{say("generations.waits", { count: progress.waits })}</p>}
      {state === "building" && progress.percent === 100 && (
        <p class="pace">
          {say("generations.prove")} <code>millrace generation status {generation.id} --until-built</code>
        </p>
      )}
      <Writers generation={generation} />
    </>
  );
}

function paceOf(say: Say, tag: string, { percent, left }: Progress): string {
  if (percent === 100) return say("generations.written");
  return left === null ? say("pipeline.drain.unknown") : say("generations.left", { time: span(left, tag) });
}

function Writers({ generation: { writers } }: { generation: Generation }) {
  const { say } = useShell();
  return (
    <ul class="writers">
      {writers.map(({ writer, group, whole, missing, behind }) => (
        <li key={group} title={group}>
          <span class="writer">{writer}</span> {whole > 0 ? say("generations.written.of", { written: whole - missing, whole }) : say("generations.behind", { count: behind })}
        </li>
      ))}
    </ul>
  );
}

/** Which servers answer by it, or could. */
function Servers({ generation: { served, state, loaded, lacking }, list: { instances } }: Pick<Properties, "generation" | "list">) {
  const { say } = useShell();
  if (instances.length === 0 || (!served && state !== "built")) return null;
  const late = served ? instances.filter(({ current }) => !current).map(({ instance }) => instance) : lacking;
  const count = served ? instances.length - late.length : loaded.length;
  return (
    <p class="servers">
      {say(served ? "generations.used" : "generations.loaded", { count, all: instances.length })}
      {late.length > 0 && <span class="late">{say("generations.late", { names: late.join(", ") })}</span>}
    </p>
  );
}

export function mappingOf(say: Say, { dimension, mapping }: Generation): string {
  const { version, shards, replicas, vectors, instance } = mapping;
  const words = [say("generations.dimension", { count: dimension }), say("generations.mapping", { version: String(version) })];
  if (shards !== undefined) words.push(say("generations.shards", { count: shards }));
  if (replicas !== undefined) words.push(say("generations.replicas", { count: replicas }));
  for (const [engine, kind] of Object.entries(vectors ?? {})) words.push(say("generations.vectors", { kind, engine }));
  if (instance) words.push(say("generations.instance", { number: String(instance) }));
  return words.join(" · ");
}
