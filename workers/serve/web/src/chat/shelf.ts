import type { Citation } from "../api/types.ts";
import type { Conversation } from "./conversation.ts";
import type { Turn } from "./turn.ts";

const PLACE = "millrace.conversations";
const MOST = 50;
// A browser stores two bytes for each: 2 MB.
const MOST_CHARACTERS = 1_000_000;

/** The part of a browser's storage that is used here. */
export type ShelfStorage = Pick<Storage, "getItem" | "setItem">;

/**
 * The conversations that this browser keeps for one key of one index, newest first. Storage that is forbidden, full, or holds
 * something else never breaks the page: conversations then live as long as it.
 */
export class Shelf {
  private all: Conversation[];
  private readonly place: string;
  private readonly storage: ShelfStorage | null;
  /** Whether storage holds all that is here, and so may be believed where it says something else: that came from another tab. */
  private whole = false;

  constructor(index: string, key: string | null, storage: ShelfStorage | null) {
    this.place = `${PLACE}/${index}/${key ?? ""}`;
    this.storage = storage;
    const read = this.read();
    this.whole = read !== null;
    this.all = read ?? [];
  }

  get conversations(): readonly Conversation[] {
    return this.all;
  }

  put(conversation: Conversation): void {
    this.change((all) => [conversation, ...all.filter((one) => one.id !== conversation.id)]);
  }

  rename(id: string, name: string): void {
    this.change((all) => all.map((one) => (one.id === id ? { ...one, name } : one)));
  }

  remove(id: string): void {
    this.change((all) => all.filter((one) => one.id !== id));
  }

  private change(edit: (all: Conversation[]) => Conversation[]): void {
    this.all = bounded(edit((this.whole ? this.read() : null) ?? this.all));
    this.whole = this.write();
  }

  private read(): Conversation[] | null {
    try {
      const read: unknown = JSON.parse(this.storage?.getItem(this.place) ?? "[]");
      return this.storage && Array.isArray(read) ? read.filter(isConversation) : null;
    } catch {
      return null;
    }
  }

  /** Stores as many of the newest as there is room for, and says whether those are all. */
  private write(): boolean {
    for (let count = this.all.length; count >= 0; count -= 1) {
      try {
        this.storage?.setItem(this.place, JSON.stringify(this.all.slice(0, count)));
        return this.storage !== null && count === this.all.length;
      } catch {
        // Full: the oldest falls out, of storage only.
      }
    }
    return false;
  }
}

/** The newest that may be kept. */
function bounded(all: Conversation[]): Conversation[] {
  let room = MOST_CHARACTERS;
  const fitting = all.slice(0, MOST).findIndex((one) => (room -= JSON.stringify(one).length + 1) < 0);
  return all.slice(0, fitting < 0 ? MOST : fitting);
}

/** Whether all is there that the page counts on: an older page, or somebody else, may have written it. */
function isConversation(value: unknown): value is Conversation {
  const one = value as Partial<Conversation> | null;
  return typeof one?.id === "string" && typeof one.name === "string" && typeof one.at === "number" && Array.isArray(one.turns) && one.turns.length > 0 && one.turns.every(isTurn);
}

function isTurn(value: unknown): boolean {
  const turn = value as Partial<Turn> | null;
  return turn?.phase === "done" && typeof turn.question?.question === "string" && typeof turn.text === "string" && areCitations(turn.citations) && isAnswer(turn.answer);
}

function isAnswer(value: unknown): boolean {
  const answer = value as Partial<NonNullable<Turn["answer"]>> | null | undefined;
  return typeof answer?.found === "boolean" && typeof answer.took_ms === "number" && areCitations(answer.citations) && areCitations(answer.closest ?? []) && Array.isArray(answer.notes ?? []);
}

function areCitations(value: unknown): boolean {
  const isCitation = (one: Partial<Citation> | null): boolean =>
    typeof one?.number === "number" && typeof one.score === "number" && typeof one.id === "string" && typeof one.document === "string" && Array.isArray(one.heading_path);
  return Array.isArray(value) && value.every(isCitation);
}
