import { EventReader } from './sse';

export interface Part { kind: 'page' | 'slide' | 'sheet' | 'member'; number: number; name?: string }
export interface Piece { text: string; hit: boolean }
export interface Place { start: number; end: number; ordinal: number; part?: Part }

export interface Hit {
  id: string; document: string; heading_path: string[]; text: string; score: number;
  keyword_rank?: number; keyword_score?: number; vector_rank?: number; vector_score?: number;
  language?: string; format?: string; modified?: string; highlights?: Piece[]; title?: string; place?: Place; copies?: string[];
}
export interface SearchAnswer { hits: Hit[]; took_ms: number; timing: Record<string, number> }

export interface Source {
  number: number; id: string; document: string; title?: string; heading_path: string[]; part?: Part; text: string; score: number;
}
export interface Counts { found: number; given: number; left_out: number }
export interface Answer {
  answer: string; found: boolean; citations: Source[]; passages: Counts; invented_citations: number; model: string;
  finish_reason: string; took_ms: number; usage: { total_tokens: number };
}
export interface LeftOut { name: string; cause: string }
export interface DocumentRow {
  document: string; key: string; state: 'live' | 'empty' | 'refused' | 'waiting' | 'removed'; title?: string | null;
  format?: string | null; language?: string | null; size: number; modified?: string | null; chunks: number; cause?: string | null;
  left_out?: LeftOut[];
}
export interface Passage { id: string; heading_path: string[]; text: string; part?: Part | null }
export interface WholeDocument extends DocumentRow { passages: Passage[] }
export interface Me {
  key: string | null; role: 'read' | 'write' | 'admin'; prefixes: string[]; open: boolean; model: string; index: string;
  bucket: string | null; applications: string[]; version: string;
}
export interface Pipeline {
  generation: { space: string; model: string; index: string; dimension: number };
  topics: { topic: string; group: string; lag: number; end: number }[];
  throughput: { topic: string; per_second: number }[];
  dead_letters: { count: number; latest: { document: string; stage: string; cause: string }[] };
  engine: { kind: string; chunks: number; documents: number };
  kafka: string | null;
}

/** What the server said instead of an answer. */
export class Refused extends Error {
  constructor(readonly status: number, readonly type: string, message: string) {
    super(message);
  }
}

const KEY = 'millrace-key';

export function storedKey(): string {
  return sessionStorage.getItem(KEY) ?? '';
}

export function storeKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const key = storedKey();
  if (key) headers.set('authorization', `Bearer ${key}`);
  const response = await fetch(path, { ...init, headers });
  if (response.ok) return response;
  const body = await response.json().catch(() => null) as { error?: { type?: string; message?: string } } | null;
  throw new Refused(response.status, body?.error?.type ?? 'unknown', body?.error?.message ?? `status ${response.status}`);
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  return await (await send(path, init)).json() as T;
}

/** Names and values as a query; what is empty is left out. */
export function query(parameters: Record<string, string | number | undefined>): string {
  const kept = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
}

export const api = {
  me: () => read<Me>('/v1/me'),
  search: (parameters: Record<string, string | number | undefined>, signal: AbortSignal) =>
    read<SearchAnswer>(`/v1/search?${query(parameters)}`, { signal }),
  documents: (prefix: string, after: string | undefined) =>
    read<{ documents: DocumentRow[]; after: string | null }>(`/v1/documents?${query({ prefix, after })}`),
  document: (document: string) => read<WholeDocument>(`/v1/document?${query({ document })}`),
  upload: (key: string, file: Blob) => send(`/v1/documents?${query({ key })}`, { method: 'PUT', body: file }),
  remove: (key: string) => send(`/v1/documents?${query({ key })}`, { method: 'DELETE' }),
  pipeline: () => read<Pipeline>('/v1/pipeline'),
};

export interface Listener {
  sources(sources: Source[], passages: Counts): void;
  delta(text: string): void;
  done(answer: Answer): void;
}

/** Asks an application and tells the listener what comes. An answer that breaks off is a [`Refused`]. */
export async function ask(question: string, application: string, listener: Listener, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ question, application, stream: true });
  const response = await send('/v1/ask', { method: 'POST', body, signal, headers: { 'content-type': 'application/json' } });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const events = new EventReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Refused(502, 'broken', 'the answer broke off');
    for (const event of events.push(value)) {
      const data = JSON.parse(event.data);
      if (event.name === 'sources') listener.sources(data.citations, data.passages);
      if (event.name === 'delta') listener.delta(data.text);
      if (event.name === 'error') throw new Refused(502, data.error.type, data.error.message);
      if (event.name === 'done') return listener.done(data);
    }
  }
}
