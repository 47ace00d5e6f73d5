import { useEffect, useRef, useState } from 'preact/hooks';
import { type Answer, ask, type Counts, type Source } from '../api';
import { useShared } from '../shared';
import { spans, where } from '../text';

interface Exchange {
  question: string; text: string; sources: Source[]; passages?: Counts; answer?: Answer; trouble?: string; stopped?: boolean;
}

// What was said stays while other views are looked at.
const kept: { exchanges: Exchange[] } = { exchanges: [] };

export function Chat() {
  const { me, word, failed } = useShared();
  const [exchanges, setExchanges] = useState(kept.exchanges);
  const [application, setApplication] = useState(me.applications[0] ?? 'millrace');
  const [question, setQuestion] = useState('');
  const running = useRef<AbortController | null>(null);
  const [isRunning, setIsRunning] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  kept.exchanges = exchanges;
  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => end.current?.scrollIntoView({ block: 'end' }), [exchanges.length]);
  const change = (more: Partial<Exchange> | ((last: Exchange) => Partial<Exchange>)) => setExchanges((all) => {
    const last = all.at(-1)!;
    return [...all.slice(0, -1), { ...last, ...(typeof more === 'function' ? more(last) : more) }];
  });
  const send = async () => {
    const text = question.trim();
    if (text === '' || isRunning) return;
    setQuestion('');
    setExchanges((all) => [...all, { question: text, text: '', sources: [] }]);
    setIsRunning(true);
    const control = new AbortController();
    running.current = control;
    try {
      await ask(text, application, {
        sources: (sources, passages) => change({ sources, passages }),
        delta: (more) => change((last) => ({ text: last.text + more })),
        done: (answer) => change({ answer, text: answer.answer }),
      }, control.signal);
    } catch (error) {
      change(control.signal.aborted ? { stopped: true } : { trouble: failed(error) });
    }
    setIsRunning(false);
  };
  return (
    <div class="chat">
      <div class="exchanges" role="log" aria-live="polite" aria-busy={isRunning}>
        {exchanges.length === 0 && <p class="welcome">{word('emptyChat')}</p>}
        {exchanges.map((exchange, place) => (
          <ExchangeView key={place} exchange={exchange} isOpen={isRunning && place === exchanges.length - 1} />
        ))}
        <div ref={end} />
      </div>
      <form class="composer" onSubmit={(event) => { event.preventDefault(); void send(); }}>
        <textarea data-question rows={2} value={question} placeholder={word('askPlaceholder')} aria-label={word('askPlaceholder')}
          onInput={(event) => setQuestion(event.currentTarget.value)}
          onKeyDown={(event) => {
            // While a Chinese word is being composed, Enter belongs to the input method.
            if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
              event.preventDefault();
              void send();
            }
          }} />
        <div class="composer-row">
          <label>{word('application')}{' '}
            <select value={application} onChange={(event) => setApplication(event.currentTarget.value)}>
              {me.applications.map((name) => <option key={name}>{name}</option>)}
            </select>
          </label>
          {isRunning
            ? <button type="button" onClick={() => running.current?.abort()}>{word('stop')}</button>
            : <button class="primary" disabled={question.trim() === ''}>{word('ask')}</button>}
        </div>
      </form>
    </div>
  );
}

function ExchangeView({ exchange, isOpen }: { exchange: Exchange; isOpen: boolean }) {
  const { word, open } = useShared();
  const cited = exchange.answer ? exchange.answer.citations : exchange.sources;
  const byNumber = new Map(exchange.sources.map((source) => [source.number, source]));
  return (
    <article class="exchange">
      <h2 class="question">{exchange.question}</h2>
      <div class="answer">
        {spans(exchange.text).map((span, place) => 'text' in span
          ? <span key={place}>{span.text}</span>
          : span.numbers.map((number) => {
            const source = byNumber.get(number);
            return source && (
              <button key={`${place}-${number}`} class="cite" title={source.document}
                aria-label={`${word('sources')} ${number}: ${source.document}`}
                onClick={() => open(source.document, source.id)}>{number}</button>
            );
          }))}
        {isOpen && <span class="cursor" aria-hidden="true" />}
      </div>
      {exchange.trouble && <p class="trouble" role="alert">{exchange.trouble}</p>}
      {exchange.stopped && <p class="hint">{word('stopped')}</p>}
      {exchange.answer && !exchange.answer.found && <p class="hint">{word('nothingFound')}</p>}
      {exchange.answer?.found && cited.length > 0 && <Sources sources={cited} />}
      {exchange.answer?.found && <p class="meta">{notes(exchange.answer, word).join(' · ')}</p>}
    </article>
  );
}

function notes(answer: Answer, word: ReturnType<typeof useShared>['word']): string[] {
  const all = [`${word('writtenBy')} ${answer.model}`, `${answer.passages.given} ${word('passages')}`, `${answer.took_ms} ms`];
  if (answer.passages.left_out > 0) all.push(`${answer.passages.left_out} ${word('leftOut')}`);
  if (answer.invented_citations > 0) all.push(`${answer.invented_citations} ${word('invented')}`);
  return all;
}

function Sources({ sources }: { sources: Source[] }) {
  const { word, open } = useShared();
  return (
    <ol class="sources" aria-label={word('sources')}>
      {sources.map((source) => (
        <li key={source.number}>
          <button onClick={() => open(source.document, source.id)}>
            <span class="number">{source.number}</span>
            <span class="source-name">{source.title ?? source.document}</span>
            <span class="source-place">
              {[source.title && source.document, source.heading_path.join(' › '), where(source.part, word)].filter(Boolean).join(' · ')}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}
