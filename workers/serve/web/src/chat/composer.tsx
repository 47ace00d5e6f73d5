import type { RefObject } from "preact";
import { useState } from "preact/hooks";

import type { Filters } from "../api/types.ts";
import { FilterFields } from "../search/filter-fields.tsx";
import { filled } from "../search/filters.ts";
import { useShell } from "../shell/context.ts";
import type { Turns } from "./use-turns.ts";

interface Properties {
  turns: Turns;
  field: RefObject<HTMLTextAreaElement | null>;
  begin(): void;
}

export function Composer({ turns, field, begin }: Properties) {
  const { say, me } = useShell();
  const [text, setText] = useState("");
  const [application, setApplication] = useState<string | null>(null);
  const [filters, setFilters] = useState<Filters>({});
  const applications = me?.applications ?? [];
  const chosen = application ?? applications[0];
  const send = (event?: Event): void => {
    event?.preventDefault();
    const question = text.trim();
    if (question === "" || turns.busy) return;
    turns.put({ question, ...(chosen ? { application: chosen } : {}), ...filled(filters) });
    setText("");
  };
  return (
    <form class="composer" onSubmit={send}>
      <div class="ask">
        <textarea data-question ref={field} rows={1} aria-label={say("chat.question")} aria-describedby="chat-keys" placeholder={say("chat.placeholder")} value={text} autofocus onInput={(event) => setText(event.currentTarget.value)} onKeyDown={(event) => isSend(event) && send(event)} />
        {turns.busy ? (
          <button type="button" class="stop" onClick={turns.stop}>
            {say("chat.stop")}
          </button>
        ) : (
          <button type="submit" class="primary" disabled={text.trim() === ""}>
            {say("chat.send")}
          </button>
        )}
      </div>
      <div class="under">
        <label class="application">
          <span>{say("chat.application")}</span>
          <select name="application" value={chosen} disabled={applications.length < 2} onChange={(event) => setApplication(event.currentTarget.value)}>
            {applications.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <details class="filters">
          <summary>{filterSummary(filters, say)}</summary>
          <FilterFields filters={filters} change={setFilters} />
        </details>
        {turns.turns.length > 0 && (
          <button type="button" class="link" data-clear onClick={begin}>
            {say("chat.new")}
          </button>
        )}
        <span id="chat-keys" class="keys faint">
          {say("chat.keys")}
        </span>
      </div>
    </form>
  );
}

function filterSummary(filters: Filters, say: ReturnType<typeof useShell>["say"]): string {
  const count = Object.keys(filled(filters)).length;
  return count > 0 ? say("filter.active", { count }) : say("filter.title");
}

// While an input method offers characters, Enter chooses among them and must not send; 229 is how Safari tells it.
function isSend(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}
