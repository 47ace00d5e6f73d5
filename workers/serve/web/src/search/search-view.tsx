import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Hit, Mode } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { type Asked, askedOf, modes, parametersOf, ranksOf } from "./asked.ts";
import { HitList } from "./hit-list.tsx";
import { SearchForm } from "./search-form.tsx";
import { type Columns, useColumns } from "./use-columns.ts";

export function SearchView({ active }: { active: boolean }) {
  const { say, client, go, route } = useShell();
  const asked = useAsked(active);
  const { columns, again } = useColumns(client, asked);
  const [mode, setMode] = useState<Mode>("hybrid");
  // The passage under the pointer or the focus, marked in all three lists.
  const [pointed, setPointed] = useState<string | null>(null);
  const ranks = useMemo(() => ranksOf(listsOf(columns)), [columns]);
  const submit = (next: Asked): void => {
    if (JSON.stringify(next) === JSON.stringify(asked)) again();
    else go({ view: "search", parameters: parametersOf(next), open: route.open });
  };
  return (
    <>
      <h1 class="unseen">{say("nav.search")}</h1>
      <SearchForm asked={asked} submit={submit} />
      {asked.q === "" ? (
        <div class="welcome">
          <p>{say("search.intro")}</p>
        </div>
      ) : (
        <>
          <ModeSwitch mode={mode} setMode={setMode} />
          <div class="columns" data-mode={mode}>
            {modes.map((one) => (
              <HitList key={one} mode={one} column={columns[one]} ranks={ranks} pointed={pointed} point={setPointed} use={setMode} again={again} />
            ))}
          </div>
        </>
      )}
    </>
  );
}

/** What the address asks; while another view is in front, what it asked last. */
function useAsked(active: boolean): Asked {
  const { route, go } = useShell();
  const last = useRef<Asked>(askedOf(route.parameters));
  const here = active && route.view === "search";
  const bare = here && Object.keys(route.parameters).length === 0;
  if (here && !bare) last.current = askedOf(route.parameters);
  const restore = bare && last.current.q !== "";
  useEffect(() => {
    // Coming back by the navigation, whose link carries no question: the address gets the last one again.
    if (restore) go({ view: "search", parameters: parametersOf(last.current), open: route.open }, true);
  }, [restore]);
  return last.current;
}

function listsOf(columns: Columns): Partial<Record<Mode, Hit[]>> {
  const lists: Partial<Record<Mode, Hit[]>> = {};
  for (const mode of modes) {
    const hits = columns[mode].answer?.hits;
    if (hits) lists[mode] = hits;
  }
  return lists;
}

/** Where the three lists do not fit side by side, one is shown; the style sheet decides which of both it is. */
function ModeSwitch({ mode, setMode }: { mode: Mode; setMode: (mode: Mode) => void }) {
  const { say } = useShell();
  return (
    <fieldset class="mode-switch">
      <legend class="unseen">{say("search.modes")}</legend>
      {modes.map((one) => (
        <label key={one}>
          <input type="radio" name="mode" value={one} checked={one === mode} onChange={() => setMode(one)} />
          <span>{say(`search.mode.${one}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}
