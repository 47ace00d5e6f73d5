import { useCallback } from "preact/hooks";

import type { Training } from "../api/types.ts";
import { Barred } from "../shell/barred.tsx";
import { Block } from "../shell/block.tsx";
import { useShell } from "../shell/context.ts";
import { Failure } from "../shell/failure.tsx";
import { usePolling } from "../shell/use-polling.ts";
import { Drift } from "./drift.tsx";
import { ModelList } from "./model-list.tsx";
import { nextStep } from "./next.ts";
import { RunList } from "./run-list.tsx";
import { Served } from "./served.tsx";

/** What is served, which models there are and what their proofs say, the runs that train one, and drift. */
export function ModelView({ active }: { active: boolean }) {
  const { say, client, me } = useShell();
  // As with the pipeline: a key whose role is known not to suffice is not tried.
  const barred = me !== null && !me.open && me.role !== "admin";
  const read = useCallback((signal: AbortSignal) => client.training(signal), [client]);
  const { value, error, again } = usePolling(read, active && me !== null && !barred);
  if (barred || error?.status === 403) return <Barred why={say("model.admin")} />;
  return (
    <>
      <h1 class="unseen">{say("nav.model")}</h1>
      {error && <Failure error={error} again={again} />}
      {!value && !error && <p class="faint">{say("shell.loading")}</p>}
      {value && <All training={value} />}
    </>
  );
}

function All({ training }: { training: Training }) {
  const { say } = useShell();
  return (
    <>
      {training.kafka === null ? <Known training={training} /> : <p class="notice">{training.kafka}</p>}
      <Block title={say("model.drift")}>
        <Drift drift={training.drift} />
      </Block>
    </>
  );
}

function Known({ training }: { training: Training }) {
  const { say } = useShell();
  return (
    <>
      <Block title={say("model.served")}>
        <Served serving={training.serving} />
      </Block>
      <Next training={training} />
      <Block title={say("model.models")}>
        <ModelList models={training.models} />
      </Block>
      <Block title={say("model.runs")}>
        <RunList runs={training.runs} models={training.models} />
      </Block>
    </>
  );
}

function Next({ training }: { training: Training }) {
  const { say } = useShell();
  const next = nextStep(training);
  if (!next) return null;
  return (
    <Block title={say("model.next")}>
      <div class="notice next">
        <p>{say(next.words, { index: training.index })}</p>
        <ol>
          {next.commands.map((command) => (
            <li key={command}>
              <code>{command}</code>
            </li>
          ))}
        </ol>
      </div>
    </Block>
  );
}
