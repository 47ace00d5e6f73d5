import type { NamedGeneration, Training } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { Facts } from "../shell/facts.tsx";
import { momentOf } from "../words/figures.ts";
import { short } from "./next.ts";

/** Which model answers, since when, and who said so. */
export function Served({ serving }: { serving: Training["serving"] }) {
  const { say, tag, me } = useShell();
  if (!serving) return <p class="faint">{say("model.served.local", { model: me?.model ?? "–" })}</p>;
  const facts: [string, string][] = [
    [say("pipeline.model"), serving.name ?? "–"],
    [say("model.fingerprint"), serving.model ? short(serving.model) : "–"],
    [say("model.generation"), serving.generation],
    [say("model.since"), momentOf(serving.since, tag)],
    [say("model.by"), serving.by],
    [say("model.previous"), serving.previous ? nameOf(serving.previous) : "–"],
  ];
  return <Facts facts={facts} />;
}

function nameOf({ generation, name }: NamedGeneration): string {
  return name === null ? generation : `${name} · ${generation}`;
}
