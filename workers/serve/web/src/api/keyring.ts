const PLACE = "millrace.key";

/** What the dialog shows while a request waits for a key; `refused`: the one in use was not taken. */
export interface Asking {
  refused: boolean;
}

/** The API key of this browser tab, and the one place where a missing key is asked for. */
export class Keyring {
  private current: string | null;
  private waiting: { promise: Promise<boolean>; settle: (given: boolean) => void } | null = null;
  private listeners = new Set<() => void>();
  asking: Asking | null = null;

  constructor() {
    this.current = stored();
  }

  get key(): string | null {
    return this.current;
  }

  /**
   * Asks for another key than `used`, with which the server answered 401. True: there is another one now, try again.
   * Several requests that fail at once share one dialog, and one that left before the key changed needs none.
   */
  another(used: string | null): Promise<boolean> {
    if (used !== this.current) return Promise.resolve(true);
    return this.open(used !== null);
  }

  /** Opens the dialog without a refused request, or joins the one that is open. */
  open(refused = false): Promise<boolean> {
    if (!this.waiting) {
      let settle: (given: boolean) => void = () => undefined;
      const promise = new Promise<boolean>((resolve) => (settle = resolve));
      this.waiting = { promise, settle };
      this.asking = { refused };
      this.tell();
    }
    return this.waiting.promise;
  }

  give(key: string): void {
    this.current = key;
    try {
      sessionStorage.setItem(PLACE, key);
    } catch {
      // Storage may be forbidden; the key then lives as long as the page.
    }
    this.settle(true);
  }

  cancel(): void {
    this.settle(false);
  }

  forget(): void {
    this.current = null;
    try {
      sessionStorage.removeItem(PLACE);
    } catch {
      // Nothing was stored then.
    }
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private settle(given: boolean): void {
    const waiting = this.waiting;
    this.waiting = null;
    this.asking = null;
    waiting?.settle(given);
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function stored(): string | null {
  try {
    return sessionStorage.getItem(PLACE);
  } catch {
    return null;
  }
}

/** Whether a key can be sent at all: a header takes visible ASCII only, and fetch throws on anything else. */
export function sendable(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}
