import type { Hit, Mode } from "../api/types.ts";
import { ObjectName, Where } from "../passage/labels.tsx";
import { useShell } from "../shell/context.ts";
import { moment, score } from "../words/figures.ts";
import { modes, type Ranks, share } from "./asked.ts";

interface Properties {
  hit: Hit;
  rank: number;
  mode: Mode;
  hits: Hit[];
  ranks: Ranks;
  pointed: string | null;
  point(id: string | null): void;
}

export function HitView({ hit, rank, mode, hits, ranks, pointed, point }: Properties) {
  const { tag, open, route } = useShell();
  const shown = route.open?.passage === hit.id;
  const facts = [hit.format, hit.language, moment(hit.modified, tag)].filter(Boolean).join(" · ");
  return (
    <li class={pointed === hit.id ? "hit pointed" : "hit"} data-id={hit.id} onMouseEnter={() => point(hit.id)} onMouseLeave={() => point(null)} onFocusIn={() => point(hit.id)} onFocusOut={() => point(null)}>
      <div class="figures">
        <span class="rank">{rank}</span>
        <Bar part={share(hit.score, hits)} />
        <span class="score">{score(hit.score, tag)}</span>
        <Elsewhere hit={hit} mode={mode} ranks={ranks} />
      </div>
      <button type="button" class="open" aria-current={shown ? "true" : undefined} onClick={() => open(hit.document, hit.id)}>
        <ObjectName document={hit.document} title={hit.title} />
      </button>
      <Where headings={hit.heading_path} title={hit.title} part={hit.place?.part} />
      <Text hit={hit} />
      {facts && <p class="facts">{facts}</p>}
      <Copies hit={hit} />
    </li>
  );
}

/** Drawn with attributes of its own: a width in a style attribute is what the page's policy forbids. */
function Bar({ part }: { part: number }) {
  return (
    <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect width="100" height="4" class="ground" />
      <rect width={100 * part} height="4" class="fill" />
    </svg>
  );
}

/** Where the same passage stands in the other two lists. In the hybrid one the server says it even beyond what is listed. */
function Elsewhere({ hit, mode, ranks }: { hit: Hit; mode: Mode; ranks: Ranks }) {
  const { say, tag } = useShell();
  const listed = ranks.get(hit.id);
  const told: Partial<Record<Mode, number | undefined>> = mode === "hybrid" ? { keyword: hit.keyword_rank, vector: hit.vector_rank } : {};
  const scores: Partial<Record<Mode, number | undefined>> = { keyword: hit.keyword_score, vector: hit.vector_score };
  return (
    <span class="elsewhere">
      {modes
        .filter((other) => other !== mode)
        .map((other) => {
          const rank = told[other] ?? listed?.[other];
          const own = scores[other];
          const name = say(`search.mode.${other}`);
          const words = rank ? say("search.rank", { mode: name, rank }) : say("search.rank.none", { mode: name });
          const title = own === undefined ? words : `${words} (${score(own, tag)})`;
          return (
            <span key={other} class={rank ? "there" : "not-there"} title={title}>
              <span aria-hidden="true">
                {say(`search.mode.short.${other}`)}
                {rank ?? "–"}
              </span>
              <span class="unseen">{title}</span>
            </span>
          );
        })}
    </span>
  );
}

function Text({ hit }: { hit: Hit }) {
  const pieces = hit.highlights ?? [{ text: hit.text, hit: false }];
  return (
    <p class="text" dir="auto">
      {pieces.map((piece, index) => (piece.hit ? <mark key={index}>{piece.text}</mark> : piece.text))}
    </p>
  );
}

function Copies({ hit }: { hit: Hit }) {
  const { say, open } = useShell();
  const copies = hit.copies ?? [];
  if (copies.length === 0) return null;
  return (
    <details class="copies">
      <summary>{say("search.copies", { count: copies.length })}</summary>
      <ul>
        {copies.map((document) => (
          <li key={document}>
            <button type="button" class="link" onClick={() => open(document)}>
              <ObjectName document={document} />
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
