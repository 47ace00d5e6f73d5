import type { Conversation } from "./conversation.ts";

const PLACE = "millrace.conversations";
const MOST = 50;
const MOST_CHARACTERS = 1_000_000;

/** The part of a browser's storage that is used here. */
export type ShelfStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/**
 * The conversations that this browser keeps for one key of one index, newest first. Storage that is forbidden, full, or holds
 * something else never breaks the page: conversations then live as long as it.
 */
export class Shelf {
  private all: Conversation[];
  private readonly place: string;
  private readonly storage: ShelfStorage | null;

  constructor(index: string, key: string | null, storage: ShelfStorage | null) {
    this.place = `${PLACE}/${index}/${key ?? ""}`;
    this.storage = storage;
    this.all = this.read();
  }

  get conversations(): readonly Conversation[] {
    return this.all;
  }

  put(conversation: Conversation): void {
    this.all = [conversation, ...this.all.filter((one) => one.id !== conversation.id)];
    this.write();
  }

  rename(id: string, name: string): void {
    this.all = this.all.map((one) => (one.id === id ? { ...one, name } : one));
    this.write();
  }

  remove(id: string): void {
    this.all = this.all.filter((one) => one.id !== id);
    this.write();
  }

  private read(): Conversation[] {
    try {
      const read: unknown = JSON.parse(this.storage?.getItem(this.place) ?? "[]");
      return Array.isArray(read) ? read.filter(isConversation) : [];
    } catch {
      return [];
    }
  }

  /** The oldest fall out until the rest fits. */
  private write(): void {
    this.all = this.all.slice(0, MOST);
    for (;;) {
      const text = JSON.stringify(this.all);
      try {
        if (text.length <= MOST_CHARACTERS || this.all.length <= 1) {
          this.storage?.setItem(this.place, text);
          return;
        }
      } catch {
        if (this.all.length <= 1) return;
      }
      this.all = this.all.slice(0, -1);
    }
  }
}

function isConversation(value: unknown): value is Conversation {
  const one = value as Partial<Conversation> | null;
  return typeof one?.id === "string" && typeof one.name === "string" && typeof one.at === "number" && Array.isArray(one.turns);
}
