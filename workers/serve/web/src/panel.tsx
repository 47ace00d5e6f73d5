import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type WholeDocument } from './api';
import { useShared } from './shared';
import { bytes, split, where } from './text';

interface Props { document: string; passage?: string; close: () => void }

/** A document with all its passages; the one that was asked for is marked and scrolled to. */
export function DocumentPanel({ document, passage, close }: Props) {
  const { word, failed } = useShared();
  const [whole, setWhole] = useState<WholeDocument | null>(null);
  const [trouble, setTrouble] = useState('');
  const marked = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    api.document(document).then(setWhole).catch((error) => setTrouble(failed(error)));
  }, [document]);
  useEffect(() => {
    marked.current?.scrollIntoView({ block: 'center' });
    if (whole && !marked.current) heading.current?.focus();
    marked.current?.focus({ preventScroll: true });
  }, [whole, passage]);
  const [folder, name] = split(whole?.key ?? document);
  return (
    <aside class="panel" aria-label={word('document')}>
      <div class="panel-head">
        <h2 ref={heading} tabIndex={-1}>
          <span class="folder">{folder}</span>{name}
        </h2>
        <button class="quiet" aria-label={word('close')} title={`${word('close')} (Esc)`} onClick={close}>✕</button>
      </div>
      {trouble && <p class="trouble" role="alert">{trouble}</p>}
      {!whole && !trouble && <p class="hint">{word('loading')}</p>}
      {whole && (
        <>
          {whole.title && <p class="title">{whole.title}</p>}
          <p class="meta">
            {[whole.format, whole.language, bytes(whole.size), `${whole.chunks} ${word('passages')}`].filter(Boolean).join(' · ')}
          </p>
          {whole.cause && <p class="trouble">{whole.cause}</p>}
          <Passages whole={whole} passage={passage} marked={marked} />
        </>
      )}
    </aside>
  );
}

interface PassagesProps { whole: WholeDocument; passage?: string; marked: { current: HTMLElement | null } }

function Passages({ whole, passage, marked }: PassagesProps) {
  const { word } = useShared();
  let last = '';
  return (
    <div class="passages">
      {whole.passages.map((one, place) => {
        const heading = one.heading_path.join(' › ');
        const isNew = heading !== last;
        last = heading;
        const at = where(one.part, word);
        const before = where(whole.passages[place - 1]?.part, word);
        const isMarked = one.id === passage;
        return (
          <section key={place} class={isMarked ? 'passage marked' : 'passage'} tabIndex={isMarked ? -1 : undefined}
            ref={isMarked ? (element) => { marked.current ??= element; } : undefined}>
            {at && at !== before && <p class="part">{at}</p>}
            {isNew && heading && <h3>{heading}</h3>}
            <p class="text">{one.text}</p>
          </section>
        );
      })}
    </div>
  );
}
