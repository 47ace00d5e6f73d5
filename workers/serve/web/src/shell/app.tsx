import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useErrorBoundary, useMemo, useRef } from "preact/hooks";

import type { Client } from "../api/client.ts";
import { ChatView } from "../chat/chat-view.tsx";
import { DocumentsView } from "../documents/documents-view.tsx";
import { ModelView } from "../model/model-view.tsx";
import { DocumentPanel } from "../passage/document-panel.tsx";
import { PipelineView } from "../pipeline/pipeline-view.tsx";
import { SearchView } from "../search/search-view.tsx";
import { speaker, tagOf } from "../words/locale.ts";
import { type Shell, ShellContext, useShell } from "./context.ts";
import { Failure } from "./failure.tsx";
import { Header } from "./header.tsx";
import { KeyDialog } from "./key-dialog.tsx";
import { useLocale, useTheme } from "./preference.ts";
import type { View } from "./route.ts";
import { useMe } from "./use-me.ts";
import { useRoute } from "./use-route.ts";
import { useShortcuts } from "./use-shortcuts.ts";

const screens: Record<View, (properties: { active: boolean }) => ComponentChildren> = {
  chat: ChatView,
  search: SearchView,
  documents: DocumentsView,
  pipeline: PipelineView,
  model: ModelView,
};

export function App({ client }: { client: Client }) {
  const [theme, setTheme] = useTheme();
  const [locale, setLocale] = useLocale();
  const { route, go, open, close } = useRoute();
  const { me, error, again } = useMe(client);
  const main = useRef<HTMLElement>(null);
  const say = useMemo(() => speaker(locale), [locale]);
  const shell: Shell = { client, me, locale, tag: tagOf(locale), say, route, go, open };
  const visited = useVisited(route.view);
  useShortcuts(main, close);
  useEffect(() => {
    document.title = `${say(`nav.${route.view}`)} · Millrace`;
  }, [say, route.view]);
  return (
    <ShellContext.Provider value={shell}>
      <a class="skip" href="#main" onClick={(event) => skipTo(event, main.current)}>
        {say("nav.skip")}
      </a>
      <Header theme={theme} setTheme={setTheme} setLocale={setLocale} />
      {error && <Failure error={error} again={again} />}
      <div class={route.open ? "stage with-panel" : "stage"}>
        <main id="main" ref={main} tabIndex={-1}>
          {visited.map((view) => (
            <Screen key={view} view={view} active={view === route.view} />
          ))}
        </main>
        {route.open && <DocumentPanel key={route.open.document} opened={route.open} close={close} />}
      </div>
      <KeyDialog keyring={client.keyring} />
    </ShellContext.Provider>
  );
}

/** A view stays as it was left (an answer goes on streaming), so it is hidden and not taken down. */
function useVisited(view: View): View[] {
  const visited = useRef<View[]>([]);
  if (!visited.current.includes(view)) visited.current = [...visited.current, view];
  return visited.current;
}

function Screen({ view, active }: { view: View; active: boolean }) {
  const { say } = useShell();
  const [failed, reset] = useErrorBoundary((error) => console.error(error));
  const View = screens[view];
  const again = useCallback(() => reset(), [reset]);
  return (
    <section class={`view ${view}`} hidden={!active} aria-label={say(`nav.${view}`)}>
      {failed ? (
        <div class="notice bad" role="alert">
          <p>{say("shell.crashed")}</p>
          <button type="button" onClick={again}>
            {say("shell.retry")}
          </button>
        </div>
      ) : (
        <View active={active} />
      )}
    </section>
  );
}

// The hash is the route, so the skip link must not follow its own.
function skipTo(event: Event, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}
