import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { api, type DocumentRow } from '../api';
import { useShared } from '../shared';
import { bytes, split } from '../text';

export function Documents() {
  const { me, word, failed } = useShared();
  const [rows, setRows] = useState<DocumentRow[] | null>(null);
  const [after, setAfter] = useState<string | null>(null);
  const [prefix, setPrefix] = useState('');
  const [note, setNote] = useState('');
  const [trouble, setTrouble] = useState('');
  const canWrite = me.role !== 'read' && me.bucket !== null;
  const load = useCallback(async (from?: string) => {
    setTrouble('');
    try {
      const page = await api.documents(prefix, from);
      setRows((all) => (from ? [...(all ?? []), ...page.documents] : page.documents));
      setAfter(page.after);
    } catch (error) {
      setTrouble(failed(error));
    }
  }, [prefix, failed]);
  useEffect(() => {
    const soon = setTimeout(() => void load(), 200);
    return () => clearTimeout(soon);
  }, [load]);
  const upload = async (files: Iterable<File>) => {
    for (const file of files) {
      const key = `${prefix}${file.webkitRelativePath || file.name}`;
      setNote(`${key} …`);
      try {
        await api.upload(key, file);
        setNote(`${key}: ${word('uploaded')}`);
      } catch (error) {
        setNote('');
        return setTrouble(`${key}: ${failed(error)}`);
      }
    }
    await load();
  };
  const remove = async (key: string) => {
    try {
      await api.remove(key);
      setNote(`${key}: ${word('deleted')}`);
      await load();
    } catch (error) {
      setTrouble(failed(error));
    }
  };
  if (me.bucket === null) return <p class="welcome">{word('noBucket')}</p>;
  return (
    <Dropping isOn={canWrite} upload={upload}>
      <div class="toolbar">
        <label>{word('prefix')}
          <input data-question value={prefix} onInput={(event) => setPrefix(event.currentTarget.value)} />
        </label>
        <button onClick={() => void load()}>{word('reload')}</button>
        {canWrite && <Picker upload={upload} />}
        <span class="note" role="status">{note}</span>
      </div>
      {trouble && <p class="trouble" role="alert">{trouble}</p>}
      {rows?.length === 0 && <p class="welcome">{word('noDocuments')}</p>}
      {rows && rows.length > 0 && <Table rows={rows} remove={canWrite ? remove : undefined} />}
      {after && <button class="more" onClick={() => void load(after)}>{word('more')}</button>}
    </Dropping>
  );
}

interface DroppingProps { isOn: boolean; upload: (files: Iterable<File>) => Promise<void>; children: preact.ComponentChildren }

/** Takes files that are dropped anywhere on the view. */
function Dropping({ isOn, upload, children }: DroppingProps) {
  const { word } = useShared();
  const [isOver, setIsOver] = useState(false);
  return (
    <div class={isOver ? 'documents over' : 'documents'}
      onDragOver={(event) => { if (isOn) { event.preventDefault(); setIsOver(true); } }}
      onDragLeave={(event) => { if (event.target === event.currentTarget) setIsOver(false); }}
      onDrop={(event) => {
        if (!isOn) return;
        event.preventDefault();
        setIsOver(false);
        void upload([...(event.dataTransfer?.files ?? [])]);
      }}>
      {children}
      {isOn && <p class="drop">{word('drop')}</p>}
    </div>
  );
}

function Picker({ upload }: { upload: (files: Iterable<File>) => Promise<void> }) {
  const { word } = useShared();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button class="primary" onClick={() => input.current?.click()}>{word('upload')}</button>
      <input ref={input} type="file" multiple hidden aria-label={word('upload')} onChange={(event) => {
        const files = [...(event.currentTarget.files ?? [])];
        event.currentTarget.value = '';
        void upload(files);
      }} />
    </>
  );
}

function Table({ rows, remove }: { rows: DocumentRow[]; remove?: (key: string) => Promise<void> }) {
  const { word } = useShared();
  return (
    <table>
      <thead>
        <tr>
          <th>{word('name')}</th><th>{word('state')}</th><th>{word('format')}</th><th>{word('language')}</th>
          <th class="number">{word('chunks')}</th><th class="number">{word('size')}</th><th>{word('modified')}</th>
          {remove && <th><span class="hidden">{word('remove')}</span></th>}
        </tr>
      </thead>
      <tbody>{rows.map((row) => <Row key={row.document} row={row} remove={remove} />)}</tbody>
    </table>
  );
}

function Row({ row, remove }: { row: DocumentRow; remove?: (key: string) => Promise<void> }) {
  const { word, open } = useShared();
  const [asks, setAsks] = useState(false);
  const [folder, name] = split(row.key);
  const left = row.left_out ?? [];
  return (
    <tr>
      <td class="name">
        <button class="link" onClick={() => open(row.document)}><span class="folder">{folder}</span>{name}</button>
        {row.cause && <span class="cause">{row.cause}</span>}
        {left.length > 0 && (
          <details><summary>{word('partly')}: {left.length}</summary>
            <ul>{left.map((one) => <li key={one.name}>{one.name}: {one.cause}</li>)}</ul>
          </details>
        )}
      </td>
      <td><span class={`state ${row.state}`}>{word(row.state)}</span></td>
      <td>{row.format}</td><td>{row.language}</td><td class="number">{row.chunks}</td>
      <td class="number">{bytes(row.size)}</td><td>{row.modified?.slice(0, 16).replace('T', ' ')}</td>
      {remove && (
        <td class="actions">
          {asks ? (
            <span class="confirm">{word('removeAsk')}{' '}
              <button class="danger" autofocus onClick={() => { setAsks(false); void remove(row.key); }}>{word('remove')}</button>{' '}
              <button onClick={() => setAsks(false)}>{word('cancel')}</button>
            </span>
          ) : <button class="quiet" aria-label={`${word('remove')} ${row.key}`} onClick={() => setAsks(true)}>{word('remove')}</button>}
        </td>
      )}
    </tr>
  );
}
