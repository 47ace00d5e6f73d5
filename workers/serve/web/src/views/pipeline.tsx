import { useEffect, useState } from 'preact/hooks';
import { api, type Pipeline } from '../api';
import { useShared } from '../shared';

const EVERY = 5_000;

export function PipelineView() {
  const { word, failed } = useShared();
  const [state, setState] = useState<Pipeline | null>(null);
  const [trouble, setTrouble] = useState('');
  useEffect(() => {
    const load = () => {
      // Nobody looks at a hidden tab.
      if (document.hidden) return;
      api.pipeline().then((next) => { setState(next); setTrouble(''); }).catch((error) => setTrouble(failed(error)));
    };
    load();
    const timer = setInterval(load, EVERY);
    document.addEventListener('visibilitychange', load);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', load);
    };
  }, [failed]);
  return (
    <div class="pipeline">
      {trouble && <p class="trouble" role="alert">{trouble}</p>}
      {!state && !trouble && <p class="hint">{word('loading')}</p>}
      {state && <><Facts state={state} /><Topics state={state} /><DeadLetters state={state} /></>}
    </div>
  );
}

function Facts({ state }: { state: Pipeline }) {
  const { word } = useShared();
  const facts: [string, string][] = [
    [word('engine'), state.engine.kind],
    [word('documents'), state.engine.documents.toLocaleString()],
    [word('chunks'), state.engine.chunks.toLocaleString()],
    [word('model'), `${state.generation.model} · ${state.generation.dimension} ${word('dimension')}`],
    [word('index'), state.generation.index],
    [word('generation'), state.generation.space.slice(0, 12)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd title={value}>{value}</dd></div>)}
    </dl>
  );
}

function Topics({ state }: { state: Pipeline }) {
  const { word } = useShared();
  const speed = new Map(state.throughput.map((one) => [one.topic, one.per_second]));
  return (
    <section>
      <h2>{word('pipeline')} <small>{word('updated')}</small></h2>
      {state.kafka && <p class="trouble">{word('noKafka')}: {state.kafka}</p>}
      <table>
        <thead>
          <tr><th>{word('topic')}</th><th>{word('group')}</th><th class="number">{word('lag')}</th>
            <th class="number">{word('end')}</th><th class="number">{word('perSecond')}</th></tr>
        </thead>
        <tbody>
          {state.topics.map((one) => (
            <tr key={`${one.topic} ${one.group}`}>
              <td>{one.topic}</td><td>{one.group}</td>
              <td class="number"><span class={one.lag > 0 ? 'state waiting' : 'state live'}>{one.lag.toLocaleString()}</span></td>
              <td class="number">{one.end.toLocaleString()}</td><td class="number">{(speed.get(one.topic) ?? 0).toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function DeadLetters({ state }: { state: Pipeline }) {
  const { word } = useShared();
  const { count, latest } = state.dead_letters;
  return (
    <section>
      <h2>{word('deadLetters')} <small>{count.toLocaleString()}</small></h2>
      {latest.length === 0 ? <p class="hint">{word('none')}</p> : (
        <table>
          <thead><tr><th>{word('document')}</th><th>{word('stage')}</th><th>{word('cause')}</th></tr></thead>
          <tbody>
            {latest.map((one, place) => <tr key={place}><td>{one.document}</td><td>{one.stage}</td><td class="cause">{one.cause}</td></tr>)}
          </tbody>
        </table>
      )}
    </section>
  );
}
