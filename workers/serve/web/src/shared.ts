import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Me } from './api';
import type { Word } from './words';

/** What every view needs. */
export interface Shared {
  me: Me;
  word: (name: Word) => string;
  /** Opens a document beside the view, at a passage. */
  open: (document: string, passage?: string) => void;
  /** Tells of an error; one that wants a key opens the dialog. */
  failed: (error: unknown) => string;
}

export const SharedContext = createContext<Shared | null>(null);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (!shared) throw new Error('a view stands outside the app');
  return shared;
}
