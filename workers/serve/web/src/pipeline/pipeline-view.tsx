import type { Pipeline } from "../api/types.ts";
import { Barred } from "../shell/barred.tsx";
import { Block } from "../shell/block.tsx";
import { useShell } from "../shell/context.ts";
import { Facts } from "../shell/facts.tsx";
import { Failure } from "../shell/failure.tsx";
import { clock } from "../words/figures.ts";
import { DeadLetters } from "./dead-letters.tsx";
import { drain, flows } from "./flow.ts";
import { Generations } from "./generation-list.tsx";
import { Summary } from "./summary.tsx";
import { TopicTable } from "./topic-table.tsx";
import { type Readings, useReadings } from "./use-readings.ts";

export function PipelineView({ active }: { active: boolean }) {
  const { say, client, me } = useShell();
  // A key whose role is known not to suffice is not tried: each try would be a refusal in the server's log.
  const barred = me !== null && !me.open && me.role !== "admin";
  const looks = active && me !== null && !barred;
  const readings = useReadings(client, looks);
  if (barred || readings.error?.status === 403) return <Barred why={say("pipeline.admin")} />;
  const { pipeline } = readings;
  // They are shown also while nothing is served: then it is here that one sees why.
  const generations = (
    <Block title={say("generations.title")}>
      <Generations active={looks} />
    </Block>
  );
  return (
    <>
      <h1 class="unseen">{say("pipeline.title")}</h1>
      {readings.error && <Failure error={readings.error} again={readings.again} />}
      {!pipeline && !readings.error && <p class="faint">{say("shell.loading")}</p>}
      {pipeline && <Overview pipeline={pipeline} readings={readings} />}
      {(pipeline || readings.error) && generations}
      {pipeline && <Rest pipeline={pipeline} />}
    </>
  );
}

function Overview({ pipeline, readings }: { pipeline: Pipeline; readings: Readings }) {
  const { say } = useShell();
  const all = flows(pipeline, readings.history);
  const behind = all.reduce((sum, flow) => sum + flow.lag, 0);
  const times = all.map(drain);
  const worst = times.includes(null) ? null : undefined;
  const slowest = times.every((time) => typeof time === "number") ? Math.max(0, ...times) : worst;
  return (
    <>
      <Summary pipeline={pipeline} behind={behind} slowest={slowest} />
      <Freshness readings={readings} />
      <Block title={say("pipeline.topics")}>
        <TopicTable flows={all} />
      </Block>
    </>
  );
}

function Rest({ pipeline }: { pipeline: Pipeline }) {
  const { say } = useShell();
  return (
    <>
      <Block title={say("pipeline.dead")}>
        <DeadLetters letters={pipeline.dead_letters} />
      </Block>
      <Block title={say("pipeline.generation")}>
        <Generation pipeline={pipeline} />
      </Block>
    </>
  );
}

function Freshness({ readings }: { readings: Readings }) {
  const { say, tag } = useShell();
  const time = readings.at ? clock(readings.at, tag) : "";
  return (
    <p class="freshness faint" data-fresh>
      {readings.paused ? say("pipeline.paused") : say(readings.error ? "pipeline.stale" : "pipeline.updated", { time })}
    </p>
  );
}

function Generation({ pipeline }: { pipeline: Pipeline }) {
  const { say, tag } = useShell();
  const { model, space, index, dimension } = pipeline.generation;
  const facts: [string, string][] = [
    [say("pipeline.model"), model],
    [say("pipeline.dimension"), dimension.toLocaleString(tag)],
    [say("pipeline.space"), space],
    [say("pipeline.index"), index],
  ];
  return <Facts facts={facts} />;
}
