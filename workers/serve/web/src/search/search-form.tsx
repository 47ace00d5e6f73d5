import { useEffect, useState } from "preact/hooks";

import type { Filters } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { type Asked, type Fusion, fusions, sizes } from "./asked.ts";
import { FilterFields } from "./filter-fields.tsx";
import { filled } from "./filters.ts";

interface Properties {
  asked: Asked;
  submit(asked: Asked): void;
}

export function SearchForm({ asked, submit }: Properties) {
  const { say } = useShell();
  const [q, setQ] = useState(asked.q);
  const [filters, setFilters] = useState<Filters>(asked.filters);
  const wanted = JSON.stringify(asked);
  useEffect(() => {
    // Back and Forward change what is asked; the fields follow.
    setQ(asked.q);
    setFilters(asked.filters);
  }, [wanted]);
  const send = (changed: Partial<Asked> = {}): void => {
    const next = { ...asked, q: q.trim(), filters: filled(filters), ...changed };
    if (next.q !== "") submit(next);
  };
  // A filter that is chosen from a list applies at once; the prefix, which is typed, with Enter.
  const change = (next: Filters): void => {
    setFilters(next);
    if (next.prefix === filters.prefix || Object.keys(next).length === 0) send({ filters: filled(next) });
  };
  return (
    <form
      class="search-form"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="ask">
        <input type="search" data-question name="q" aria-label={say("search.question")} placeholder={say("search.placeholder")} value={q} autofocus onInput={(event) => setQ(event.currentTarget.value)} />
        <button type="submit" class="primary" disabled={q.trim() === ""}>
          {say("search.go")}
        </button>
      </div>
      <div class="narrowing">
        <FilterFields filters={filters} change={change} />
        <Settings asked={asked} send={send} />
      </div>
    </form>
  );
}

function Settings({ asked, send }: { asked: Asked; send: (changed: Partial<Asked>) => void }) {
  const { say } = useShell();
  return (
    <div class="settings">
      <label class="field">
        <span>{say("search.size")}</span>
        <select name="size" value={asked.size} onChange={(event) => send({ size: Number(event.currentTarget.value) })}>
          {sizes.map((size) => (
            <option key={size} value={size}>
              {size}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{say("search.fusion")}</span>
        <select name="fusion" value={asked.fusion} onChange={(event) => send({ fusion: event.currentTarget.value as Fusion })}>
          {fusions.map((fusion) => (
            <option key={fusion} value={fusion}>
              {say(`search.fusion.${fusion}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
