import { useEffect, useRef } from "preact/hooks";

import type { Passage, WholeDocument } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { Failure } from "../shell/failure.tsx";
import { Cross } from "../shell/icons.tsx";
import type { Opened } from "../shell/route.ts";
import { useLoaded } from "../shell/use-loaded.ts";
import { bytes, moment } from "../words/figures.ts";
import { below, ObjectName, partLabel } from "./labels.tsx";
import { Shaped } from "./shaped.tsx";
import { type Stretch, stretches } from "./stretches.ts";

interface Properties {
  opened: Opened;
  close(): void;
}

/** A document as the system reads it, passage by passage, beside the view from which it was opened. */
export function DocumentPanel({ opened, close }: Properties) {
  const { say, client } = useShell();
  const { value, error, again } = useLoaded((signal) => client.document(opened.document, signal), [client, opened.document]);
  const body = useRef<HTMLDivElement>(null);
  useFocusGivenBack();
  const show = (smooth: boolean): void => {
    // Looked up by walking, not by a selector made of a document's words.
    const shown = body.current?.querySelector<HTMLElement>("[data-shown]") ?? body.current;
    shown?.scrollIntoView({ block: shown === body.current ? "start" : "center", behavior: smooth ? "smooth" : "instant" });
    shown?.focus({ preventScroll: true });
  };
  useEffect(() => show(false), [value, opened.passage]);
  return (
    <aside class="panel" aria-label={say("panel.label")} aria-busy={!value && !error}>
      <header>
        <ObjectName document={opened.document} title={value?.title} />
        <button type="button" class="quiet icon" data-close aria-label={say("panel.close")} title={say("panel.close")} onClick={close}>
          <Cross />
        </button>
        {value && <Facts document={value} />}
        {value && <Tools document={value} opened={opened} body={body} back={() => show(true)} />}
      </header>
      <div class="reading" ref={body} tabIndex={-1}>
        {error && <Failure error={error} again={again} />}
        {!value && !error && <p class="faint">{say("shell.loading")}</p>}
        {value && <Reading document={value} passage={opened.passage} />}
      </div>
    </aside>
  );
}

/** When the panel goes, the focus returns to what opened it, if that is still there. */
function useFocusGivenBack(): void {
  // Taken while the panel is being made: beside it the view is narrower and may hide, and so blur, what has the focus now.
  const before = useRef(document.activeElement);
  useEffect(() => {
    const opener = before.current;
    return () => {
      // Not before the panel is gone and the view as wide as it was.
      setTimeout(() => {
        if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
      });
    };
  }, []);
}

function Facts({ document }: { document: WholeDocument }) {
  const { say, tag } = useShell();
  const facts = [document.format, document.language, bytes(document.size, tag), moment(document.modified, tag), say("panel.passages", { count: document.passages.length })];
  return (
    <>
      <p class="facts">{facts.filter(Boolean).join(" · ")}</p>
      {document.cause && <p class="cause">{document.cause}</p>}
    </>
  );
}

interface ToolsProperties {
  document: WholeDocument;
  opened: Opened;
  body: { current: HTMLElement | null };
  back(): void;
}

function Tools({ document, opened, body, back }: ToolsProperties) {
  const { say } = useShell();
  const parts = document.parts ?? [];
  const known = document.passages.some((passage) => passage.id === opened.passage);
  const jump = (event: Event): void => {
    const select = event.currentTarget as HTMLSelectElement;
    body.current?.querySelector(`[data-part="${Number(select.value)}"]`)?.scrollIntoView({ block: "start" });
  };
  if (parts.length < 2 && opened.passage === null) return null;
  return (
    <p class="tools">
      {parts.length > 1 && (
        <label>
          {say("panel.jump")}{" "}
          <select onChange={jump}>
            {parts.map((part, index) => (
              <option key={index} value={index}>
                {partLabel(part, say)}
              </option>
            ))}
          </select>
        </label>
      )}
      {known && (
        <button type="button" class="link" onClick={back}>
          {say("panel.back")}
        </button>
      )}
      {opened.passage !== null && !known && <span class="warn">{say("panel.gone")}</span>}
    </p>
  );
}

function Reading({ document, passage }: { document: WholeDocument; passage: string | null }) {
  const { say } = useShell();
  if (document.passages.length === 0) return <p class="faint">{say("panel.empty")}</p>;
  return (
    <>
      {stretches(document.passages, document.parts ?? []).map((stretch, index) => (
        <StretchOf key={index} stretch={stretch} title={document.title} shown={passage} />
      ))}
    </>
  );
}

function StretchOf({ stretch, title, shown }: { stretch: Stretch; title: string | undefined; shown: string | null }) {
  const { say } = useShell();
  const headings = below(stretch.headings, title);
  return (
    <section>
      {stretch.part && (
        <p class="part" data-part={stretch.part.index}>
          {partLabel(stretch.part, say)}
        </p>
      )}
      {headings.length > 0 && (
        <h3>
          {headings.map((heading, depth) => (
            <bdi key={depth}>{heading}</bdi>
          ))}
        </h3>
      )}
      {stretch.passages.map((passage) => (
        <Paragraph key={passage.id} passage={passage} shown={passage.id === shown} />
      ))}
    </section>
  );
}

function Paragraph({ passage, shown }: { passage: Passage; shown: boolean }) {
  const { say } = useShell();
  if (!shown) {
    return (
      <div class="passage" dir="auto">
        <Shaped text={passage.text} marked={false} />
      </div>
    );
  }
  return (
    <div class="passage shown" dir="auto" data-shown tabIndex={-1} aria-current="true">
      <span class="unseen">{say("panel.cited")}: </span>
      <Shaped text={passage.text} marked />
    </div>
  );
}
