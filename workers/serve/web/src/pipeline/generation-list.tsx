import { useCallback, useState } from "preact/hooks";

import type { Generation, GenerationChange, GenerationList } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { Failure } from "../shell/failure.tsx";
import { usePolling } from "../shell/use-polling.ts";
import { GenerationCard } from "./generation-card.tsx";
import { GenerationDialog } from "./generation-dialog.tsx";

/** What is about to be done. */
export interface Wish {
  generation: Generation;
  change: GenerationChange;
}

export function Generations({ active }: { active: boolean }) {
  const { say, client } = useShell();
  const read = useCallback((signal: AbortSignal) => client.generations(signal), [client]);
  const { value, error, again } = usePolling(read, active);
  const [wish, setWish] = useState<Wish | null>(null);
  const [done, setDone] = useState<Wish | null>(null);
  const ask = (next: Wish): void => {
    setDone(null);
    setWish(next);
  };
  const made = (): void => {
    setDone(wish);
    setWish(null);
    again();
  };
  return (
    <>
      <p role="status" class={done ? "notice" : "unseen"}>
        {done && say(`generations.done.${done.change}`, { id: done.generation.id })}
      </p>
      {error && <Failure error={error} again={again} />}
      {!value && !error && <p class="faint">{say("shell.loading")}</p>}
      {value && <All list={value} ask={ask} />}
      {wish && <GenerationDialog wish={wish} list={value} close={() => setWish(null)} done={made} />}
    </>
  );
}

function All({ list, ask }: { list: GenerationList; ask(wish: Wish): void }) {
  const { say } = useShell();
  return (
    <>
      {list.kafka && <p class="notice">{list.kafka}</p>}
      {list.generations.length > 0 && (
        <ul class="cards generations">
          {list.generations.map((generation) => (
            <GenerationCard key={generation.id} generation={generation} list={list} ask={(change) => ask({ generation, change })} />
          ))}
        </ul>
      )}
      {!list.kafka && list.generations.length < 2 && (
        <p class="faint alone">
          {say("generations.alone")} <code>millrace generation start</code>
        </p>
      )}
    </>
  );
}
