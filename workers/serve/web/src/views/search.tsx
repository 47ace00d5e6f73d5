import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type Hit, type SearchAnswer } from '../api';
import { useShared } from '../shared';
import { where } from '../text';

const MODES = ['hybrid', 'keyword', 'vector'] as const;
type Mode = (typeof MODES)[number];
type Result = { answer: SearchAnswer } | { trouble: string };

const kept = { question: '', filters: { prefix: '', language: '', format: '', since: '' }, results: {} as Partial<Record<Mode, Result>> };

export function Search() {
  const { word, failed } = useShared();
  const [question, setQuestion] = useState(kept.question);
  const [filters, setFilters] = useState(kept.filters);
  const [results, setResults] = useState(kept.results);
  const running = useRef<AbortController | null>(null);
  Object.assign(kept, { question, filters, results });
  useEffect(() => () => running.current?.abort(), []);
  const search = (event: Event) => {
    event.preventDefault();
    if (question.trim() === '') return;
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setResults({});
    for (const mode of MODES) {
      api.search({ q: question, mode, size: 10, include: 'highlights,place', ...filters }, control.signal)
        .then((answer): Result => ({ answer }), (error): Result => ({ trouble: failed(error) }))
        .then((result) => { if (!control.signal.aborted) setResults((all) => ({ ...all, [mode]: result })); });
    }
  };
  const set = (name: keyof typeof filters) => (event: InputEvent) =>
    setFilters({ ...filters, [name]: (event.currentTarget as HTMLInputElement).value });
  const field = (name: keyof typeof filters) => (
    <label>{word(name)} <input value={filters[name]} onInput={set(name)} /></label>
  );
  return (
    <div class="search">
      <form role="search" onSubmit={search}>
        <div class="search-row">
          <input data-question type="search" value={question} placeholder={word('searchPlaceholder')} aria-label={word('searchPlaceholder')}
            onInput={(event) => setQuestion(event.currentTarget.value)} />
          <button class="primary" disabled={question.trim() === ''}>{word('go')}</button>
        </div>
        <div class="filters">{field('prefix')}{field('language')}{field('format')}
          <label>{word('since')} <input type="date" value={filters.since} onInput={set('since')} /></label>
        </div>
      </form>
      {Object.keys(results).length === 0 && <p class="welcome">{word('emptySearch')}</p>}
      <div class="columns">
        {Object.keys(results).length > 0 && MODES.map((mode) => <Column key={mode} mode={mode} result={results[mode]} />)}
      </div>
    </div>
  );
}

function Column({ mode, result }: { mode: Mode; result: Result | undefined }) {
  const { word } = useShared();
  return (
    <section class="column" aria-label={word(mode)}>
      <h2>{word(mode)} <small>{word(`${mode}Hint`)}{result && 'answer' in result ? ` · ${result.answer.took_ms} ms` : ''}</small></h2>
      {!result && <p class="hint">{word('loading')}</p>}
      {result && 'trouble' in result && <p class="trouble" role="alert">{result.trouble}</p>}
      {result && 'answer' in result && result.answer.hits.length === 0 && <p class="hint">{word('noHits')}</p>}
      {result && 'answer' in result && (
        <ol class="hits">{result.answer.hits.map((hit, place) => <HitView key={hit.id} hit={hit} rank={place + 1} />)}</ol>
      )}
    </section>
  );
}

function HitView({ hit, rank }: { hit: Hit; rank: number }) {
  const { word, open } = useShared();
  const ranks = [
    hit.keyword_rank && `${word('words')} ${hit.keyword_rank}`, hit.vector_rank && `${word('meaning')} ${hit.vector_rank}`,
  ].filter(Boolean).join(' · ');
  return (
    <li>
      <button class="hit" onClick={() => open(hit.document, hit.id)}>
        <span class="hit-head">
          <span class="rank">{rank}</span>
          <span class="source-name">{hit.title ?? hit.document}</span>
          <span class="number" title={word('score')}>{hit.score.toFixed(3)}</span>
        </span>
        <span class="source-place">
          {[hit.title && hit.document, hit.heading_path.join(' › '), where(hit.place?.part, word)].filter(Boolean).join(' · ')}
        </span>
        <span class="snippet">
          {(hit.highlights ?? [{ text: hit.text, hit: false }]).map((piece, place) => piece.hit
            ? <mark key={place}>{piece.text}</mark> : <span key={place}>{piece.text}</span>)}
        </span>
        <span class="meta">
          {[ranks, hit.language, hit.format, hit.copies && `${word('copies')} ${hit.copies.join(', ')}`].filter(Boolean).join(' · ')}
        </span>
      </button>
    </li>
  );
}
