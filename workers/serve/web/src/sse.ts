/** One event of a stream. */
export interface StreamEvent {
  name: string;
  data: string;
}

/** Collects text into Server-Sent Events, however it is cut. */
export class EventReader {
  private rest = '';

  /** The events that are whole with this text. */
  push(text: string): StreamEvent[] {
    // A carriage return at the very end may be half of a line break: it waits for what follows.
    const all = this.rest + text;
    const held = all.endsWith('\r') ? '\r' : '';
    const blocks = (held ? all.slice(0, -1) : all).replace(/\r\n?/g, '\n').split('\n\n');
    this.rest = (blocks.pop() ?? '') + held;
    return blocks.flatMap(parse);
  }
}

function parse(block: string): StreamEvent[] {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return data.length > 0 ? [{ name, data: data.join('\n') }] : [];
}
