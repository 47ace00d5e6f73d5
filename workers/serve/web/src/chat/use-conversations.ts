import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

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
  // Whose turns are shown.
  const owner = useRef(shelf);
  const begin = useCallback(() => {
    id.current = fresh();
    turns.clear();
  }, [turns.clear]);
  const answers = turns.turns.filter((turn) => turn.phase === "done").length;
  useLayoutEffect(() => {
    const before = owner.current;
    owner.current = shelf;
    // What one key was told is not shown to the next, and not kept for it: the turns are still the other's here.
    if (before && before !== shelf) begin();
    else if (shelf && answers > 0) keep(shelf, id.current, turns);
    setAll(shelf?.conversations ?? []);
  }, [shelf, answers]);
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

/** Only what has grown: to look at a conversation must not make it the newest. */
function keep(shelf: Shelf, id: string, turns: Turns): void {
  const done = kept(turns.turns);
  const known = shelf.conversations.find((one) => one.id === id);
  if (done.length !== known?.turns.length) shelf.put({ id, name: known?.name ?? nameOf(done), at: Date.now(), turns: done });
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
