import { useEffect, useRef, useState } from 'preact/hooks';
import { storedKey, storeKey } from './api';
import type { Word } from './words';

/** Asks for a key when the server wants one. */
export function KeyDialog({ word, done }: { word: (name: Word) => string; done: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [key, setKey] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  const save = (event: Event) => {
    event.preventDefault();
    storeKey(key.trim());
    dialog.current?.close();
    done();
  };
  return (
    <dialog ref={dialog} aria-labelledby="key-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={save}>
        <h2 id="key-title">{word('keyTitle')}</h2>
        <p>{storedKey() ? word('keyWrong') : word('keyAsk')}</p>
        <input type="password" autocomplete="off" aria-label={word('keyTitle')} value={key} autofocus
          onInput={(event) => setKey(event.currentTarget.value)} />
        <button class="primary" disabled={key.trim() === ''}>{word('keySave')}</button>
      </form>
    </dialog>
  );
}
