import type { Citation } from "../api/types.ts";
import { Thumbs } from "../feedback/thumbs.tsx";
import { ObjectName, Where } from "../passage/labels.tsx";
import { useShell } from "../shell/context.ts";
import { score } from "../words/figures.ts";

interface Properties {
  citations: Citation[];
  cited(citation: Citation): boolean;
  /** The name of the answer whose cited passages can be judged. */
  judged: string | null;
  pointed: number | null;
  point(number: number | null): void;
}

/** The passages that were given to the model: those the answer cites, and folded away those it does not. */
export function SourceList({ citations, cited, judged, pointed, point }: Properties) {
  const { say } = useShell();
  const used = citations.filter(cited);
  const unused = citations.filter((citation) => !cited(citation));
  const list = (some: Citation[], judged: string | null) => (
    <ol>
      {some.map((citation) => (
        <Source key={citation.number} citation={citation} judged={judged} pointed={pointed === citation.number} point={point} />
      ))}
    </ol>
  );
  return (
    <aside class="sources" aria-label={say("chat.sources")}>
      <h3>{say("chat.sources")}</h3>
      {used.length > 0 && list(used, judged)}
      {unused.length > 0 && (
        <details>
          <summary>{say("chat.uncited", { count: unused.length })}</summary>
          {list(unused, null)}
        </details>
      )}
    </aside>
  );
}

/** The passages that come closest where none answers; they open as sources do. */
export function ClosestList({ citations }: { citations: Citation[] }) {
  const { say } = useShell();
  return (
    <div class="sources closest">
      <h3>{say("chat.closest")}</h3>
      <ol>
        {citations.map((citation) => (
          <Source key={citation.id} citation={citation} judged={null} pointed={false} point={() => undefined} />
        ))}
      </ol>
    </div>
  );
}

function Source({ citation, judged, pointed, point }: { citation: Citation; judged: string | null; pointed: boolean; point: (number: number | null) => void }) {
  const { say, tag, open, route } = useShell();
  const shown = route.open?.passage === citation.id;
  const { number } = citation;
  return (
    <li class={pointed ? "pointed" : undefined} onMouseEnter={() => point(number)} onMouseLeave={() => point(null)}>
      <button type="button" class="source" aria-current={shown ? "true" : undefined} onClick={() => open(citation.document, citation.id)}>
        <span class="number">{number}</span>
        <ObjectName document={citation.document} title={citation.title} />
        <Where headings={citation.heading_path} title={citation.title} part={citation.part} />
        {citation.text && (
          <span class="excerpt" dir="auto">
            {citation.text}
          </span>
        )}
        <span class="score">{say("chat.score", { score: score(citation.score, tag) })}</span>
      </button>
      {judged && <Thumbs answer={judged} passage={citation} />}
    </li>
  );
}
