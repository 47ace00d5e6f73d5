import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Me } from "../api/types.ts";
import { type Conversation, kept, nameOf } from "./conversation.ts";
import { Shelf, type ShelfStorage } from "./shelf.ts";
import type { Turns } from "./use-turns.ts";

export interface Conversations {
  all: readonly Conversation[];
  /** The one that is shown; none while it has no answer. */
  current: Conversation | null;
  begin(): void;
  open(conversation: Conversation): void;
  rename(conversation: Conversation, name: string): void;
  remove(conversation: Conversation): void;
}

/** The conversations of whoever asks; what is shown is kept with each answer. */
export function useConversations(me: Me | null, turns: Turns): Conversations {
  const shelf = useMemo(() => (me ? new Shelf(me.index, me.key, storage()) : null), [me?.index, me?.key]);
  const [all, setAll] = useState<readonly Conversation[]>([]);
  const id = useRef(fresh());
  const owner = useRef(shelf);
  useEffect(() => {
    setAll(shelf?.conversations ?? []);
    // What one key was told is not shown to the next.
    if (owner.current && owner.current !== shelf) {
      id.current = fresh();
      turns.clear();
    }
    owner.current = shelf;
  }, [shelf]);
  useEffect(() => {
    const done = kept(turns.turns);
    const known = shelf?.conversations.find((one) => one.id === id.current);
    if (!shelf || done.length === 0 || done.length === known?.turns.length) return;
    shelf.put({ id: id.current, name: known?.name ?? nameOf(done), at: Date.now(), turns: done });
    setAll(shelf.conversations);
  }, [shelf, turns.turns]);
  const begin = useCallback(() => {
    id.current = fresh();
    turns.clear();
  }, [turns.clear]);
  const open = useCallback(
    (conversation: Conversation) => {
      id.current = conversation.id;
      turns.open(conversation.turns);
    },
    [turns.open],
  );
  const rename = (conversation: Conversation, name: string): void => {
    shelf?.rename(conversation.id, name);
    setAll(shelf?.conversations ?? []);
  };
  const remove = (conversation: Conversation): void => {
    shelf?.remove(conversation.id);
    setAll(shelf?.conversations ?? []);
    if (conversation.id === id.current) begin();
  };
  return { all, current: all.find((one) => one.id === id.current) ?? null, begin, open, rename, remove };
}

function fresh(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
}

function storage(): ShelfStorage | null {
  try {
    return localStorage;
  } catch {
    // Forbidden in this browser.
    return null;
  }
}
