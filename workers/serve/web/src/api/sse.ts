// Server-Sent Events over fetch: EventSource can neither POST nor send an Authorization header.

export interface ServerEvent {
  event: string;
  data: string;
}

/** Takes text as it arrives, cut anywhere, and gives the events that are complete. */
export class EventParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private begun = false;

  push(text: string): ServerEvent[] {
    this.rest += text;
    if (!this.begun && this.rest !== "") {
      this.begun = true;
      if (this.rest.startsWith("\uFEFF")) this.rest = this.rest.slice(1);
    }
    const events: ServerEvent[] = [];
    for (let line = this.line(); line !== null; line = this.line()) {
      const complete = this.take(line);
      if (complete) events.push(complete);
    }
    return events;
  }

  /** The next whole line without its end (LF, CR or CRLF), or null when none is complete. */
  private line(): string | null {
    const at = this.rest.search(/[\r\n]/);
    if (at < 0) return null;
    // A CR at the very end may be the first half of a CRLF whose LF has not come yet.
    if (this.rest[at] === "\r" && at === this.rest.length - 1) return null;
    const width = this.rest.startsWith("\r\n", at) ? 2 : 1;
    const line = this.rest.slice(0, at);
    this.rest = this.rest.slice(at + width);
    return line;
  }

  private take(line: string): ServerEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    return null;
  }

  private dispatch(): ServerEvent | null {
    const event = this.event || "message";
    const data = this.data;
    this.event = "";
    this.data = [];
    return data.length > 0 ? { event, data: data.join("\n") } : null;
  }
}

/** Reads a body to its end. What stands after the last blank line was cut off and is not an event. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Reached as well when the consumer stops early: the server then learns that nobody listens.
    await reader.cancel().catch(() => undefined);
  }
}
