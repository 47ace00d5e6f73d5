import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { api, type Me, Refused } from './api';
import { KeyDialog } from './key';
import { DocumentPanel } from './panel';
import { type Shared, SharedContext } from './shared';
import { Chat } from './views/chat';
import { Documents } from './views/documents';
import { PipelineView } from './views/pipeline';
import { Search } from './views/search';
import { type Language, languages, preferred, type Word } from './words';

const VIEWS = ['chat', 'search', 'documents', 'pipeline'] as const;
type View = (typeof VIEWS)[number];

function currentView(): View {
  const name = location.hash.replace(/^#\//, '');
  return VIEWS.find((view) => view === name) ?? 'chat';
}

function useView(): View {
  const [view, setView] = useState(currentView);
  useEffect(() => {
    const changed = () => setView(currentView());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return view;
}

/** A choice that outlives the page; storage may be forbidden. */
function useKept<T extends string>(name: string, first: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => (localStorage.getItem(name) as T | null) ?? first);
  const keep = (next: T) => {
    localStorage.setItem(name, next);
    setValue(next);
  };
  return [value, keep];
}

function useShortcuts(close: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key === 'Escape') close();
      if (event.key === '/' && !/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) {
        event.preventDefault();
        document.querySelector<HTMLElement>('[data-question]')?.focus();
      }
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [close]);
}

interface Opened { document: string; passage?: string }

export function App() {
  const view = useView();
  const [language, setLanguage] = useKept<Language>('millrace-language', preferred(navigator.languages));
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const [theme, setTheme] = useKept<'light' | 'dark'>('millrace-theme', dark ? 'dark' : 'light');
  const [me, setMe] = useState<Me | null>(null);
  const [needsKey, setNeedsKey] = useState(false);
  const [trouble, setTrouble] = useState('');
  const [opened, setOpened] = useState<Opened | null>(null);
  const close = useCallback(() => setOpened(null), []);
  useShortcuts(close);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  }, [theme, language]);
  const word = useCallback((name: Word) => languages[language][name], [language]);
  const failed = useCallback((error: unknown) => {
    if (error instanceof Refused && error.status === 401) setNeedsKey(true);
    return error instanceof Error ? error.message : String(error);
  }, []);
  const load = useCallback(() => {
    setTrouble('');
    api.me().then(setMe).catch((error) => setTrouble(failed(error)));
  }, [failed]);
  useEffect(load, [load]);
  const shared = useMemo<Shared | null>(() => me && {
    me, word, failed, open: (document, passage) => setOpened({ document, passage }),
  }, [me, word, failed]);
  return (
    <>
      <a class="skip" href="#main">{word('skip')}</a>
      <header>
        <span class="brand">Millrace</span>
        <nav aria-label="Millrace">
          {VIEWS.map((name) => (
            <a key={name} href={`#/${name}`} aria-current={name === view ? 'page' : undefined}>{word(name)}</a>
          ))}
        </nav>
        <span class="tools">
          {me?.key && <span class="who">{me.key}</span>}
          <button class="quiet" onClick={() => setLanguage(language === 'zh' ? 'en' : 'zh')}>{word('other')}</button>
          <button class="quiet" aria-label={word('theme')} title={word('theme')}
            onClick={() => setTheme(theme === 'dark' ? 'light' : 'dark')}>{theme === 'dark' ? '☀' : '☾'}</button>
        </span>
      </header>
      <div class={opened ? 'stage with-panel' : 'stage'}>
        <main id="main" tabIndex={-1}>
          {trouble && !me && (
            <p class="trouble" role="alert">{trouble} <button onClick={load}>{word('retry')}</button></p>
          )}
          {shared && <SharedContext.Provider value={shared}><Current view={view} /></SharedContext.Provider>}
        </main>
        {shared && opened && (
          <SharedContext.Provider value={shared}>
            <DocumentPanel key={opened.document} document={opened.document} passage={opened.passage} close={close} />
          </SharedContext.Provider>
        )}
      </div>
      {needsKey && <KeyDialog word={word} done={() => { setNeedsKey(false); load(); }} />}
    </>
  );
}

function Current({ view }: { view: View }) {
  switch (view) {
    case 'chat': return <Chat />;
    case 'search': return <Search />;
    case 'documents': return <Documents />;
    case 'pipeline': return <PipelineView />;
  }
}
