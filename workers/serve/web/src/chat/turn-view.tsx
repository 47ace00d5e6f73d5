import { useMemo, useState } from "preact/hooks";

import type { Citation } from "../api/types.ts";
import { Thumbs } from "../feedback/thumbs.tsx";
import { useShell } from "../shell/context.ts";
import { Failure } from "../shell/failure.tsx";
import { span } from "../words/figures.ts";
import { Prose } from "./prose.tsx";
import { blocks, cited } from "./answer-text.ts";
import { ClosestList, SourceList } from "./source-list.tsx";
import type { Turn } from "./turn.ts";

export function TurnView({ turn, again }: { turn: Turn; again: () => void }) {
  const { say, me } = useShell();
  // The citation under the pointer or the focus: its source is marked as well, and the other way round.
  const [pointed, setPointed] = useState<number | null>(null);
  const known = useMemo(() => new Map(turn.citations.map((citation) => [citation.number, citation])), [turn.citations]);
  const made = useMemo(() => blocks(turn.text, new Set(known.keys())), [turn.text, known]);
  const numbers = useMemo(() => new Set(cited(made)), [made]);
  const nothing = turn.phase === "done" && turn.answer?.found === false;
  const busy = turn.phase === "looking" || turn.phase === "writing";
  const judged = !busy && me?.feedback ? turn.name : null;
  return (
    <article class="turn" aria-busy={busy} data-phase={turn.phase}>
      <h2 class="question" dir="auto">
        {turn.question.question}
      </h2>
      <div class="answer">
        {turn.condensed && <p class="condensed faint">{say("chat.searched", { text: turn.condensed })}</p>}
        {turn.phase === "looking" && <p class="waiting">{say("chat.looking")}</p>}
        {nothing ? <Nothing turn={turn} /> : <Prose made={made} known={known} pointed={pointed} point={setPointed} growing={busy} />}
        {turn.phase === "stopped" && <p class="notice">{say("chat.stopped")}</p>}
        {turn.error && <Failure error={turn.error} again={again} />}
        {judged && turn.text !== "" && <Thumbs answer={judged} />}
        <Remarks turn={turn} />
      </div>
      {turn.citations.length > 0 && !nothing && <SourceList citations={turn.citations} cited={settled(turn, numbers)} judged={turn.phase === "done" ? judged : null} pointed={pointed} point={setPointed} />}
    </article>
  );
}

/** Until the answer is complete nobody knows what it will not cite, so nothing is set aside before. */
function settled(turn: Turn, numbers: Set<number>): (citation: Citation) => boolean {
  return turn.phase === "done" ? (citation) => numbers.has(citation.number) : () => true;
}

function Nothing({ turn }: { turn: Turn }) {
  const { say, route, go } = useShell();
  const closest = turn.answer?.closest ?? [];
  const { question, application: _application, ...filters } = turn.question;
  return (
    <div class="notice nothing">
      <strong>{say("chat.nothing")}</strong>
      {turn.text && <p dir="auto">{turn.text}</p>}
      <p>{say("chat.nothing.hint")}</p>
      {closest.length > 0 && <ClosestList citations={closest} />}
      <p class="actions">
        <button type="button" onClick={() => go({ view: "search", parameters: { q: question, ...filters }, open: route.open })}>
          {say("chat.nothing.search")}
        </button>
      </p>
    </div>
  );
}

/** What the reader should know about how the answer came about. */
function Remarks({ turn }: { turn: Turn }) {
  const { say, tag } = useShell();
  const { answer, passages } = turn;
  if (!answer || answer.found === false) return null;
  const facts = [answer.application, answer.model === answer.application ? "" : answer.model, span(answer.took_ms / 1000, tag)];
  if (answer.usage && answer.usage.total_tokens > 0) facts.push(say("chat.tokens", { count: answer.usage.total_tokens }));
  return (
    <div class="remarks">
      {answer.finish_reason === "length" && <p class="warn">{say("chat.length")}</p>}
      {answer.finish_reason === "content_filter" && <p class="warn">{say("chat.content_filter")}</p>}
      {answer.invented_citations > 0 && <p class="warn">{say("chat.invented", { count: answer.invented_citations })}</p>}
      {answer.notes?.map((note) => (
        <p key={note} class="warn">
          {note}
        </p>
      ))}
      {answer.masked !== undefined && <p>{say("chat.masked", { count: answer.masked })}</p>}
      {passages && answer.model === "extractive" && <p>{say("chat.quoted")}</p>}
      {passages && answer.model !== "extractive" && <p>{passages.left_out > 0 ? say("chat.leftout", { ...passages, count: passages.left_out }) : say("chat.passages", { ...passages })}</p>}
      <p>{facts.filter(Boolean).join(" · ")}</p>
    </div>
  );
}
