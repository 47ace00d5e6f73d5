import { describe, expect, it } from 'vitest';
import { EventReader } from '../src/sse';
import { bytes, spans, split, where } from '../src/text';
import { languages, preferred } from '../src/words';

const STREAM = ': hi\r\n\r\nevent: delta\r\ndata: {"text":"über 中文"}\r\n\r\ndata: a\ndata: b\n\nevent: done\ndata: {}\n\nevent: never';

describe('events', () => {
  it('are read however the stream is cut', () => {
    const whole = new EventReader().push(STREAM);
    expect(whole).toEqual([
      { name: 'delta', data: '{"text":"über 中文"}' }, { name: 'message', data: 'a\nb' }, { name: 'done', data: '{}' },
    ]);
    for (let first = 0; first < STREAM.length; first += 1) {
      for (let second = first; second < STREAM.length; second += 7) {
        const reader = new EventReader();
        const parts = [STREAM.slice(0, first), STREAM.slice(first, second), STREAM.slice(second)];
        expect(parts.flatMap((part) => reader.push(part))).toEqual(whole);
      }
    }
  });
});

describe('texts', () => {
  it('citations stand apart', () => {
    expect(spans('Yes [1]. No [2, 3].')).toEqual([
      { text: 'Yes ' }, { numbers: [1] }, { text: '. No ' }, { numbers: [2, 3] }, { text: '.' },
    ]);
    expect(spans('a[i] [x]')).toEqual([{ text: 'a[i] [x]' }]);
  });

  it('sizes, keys and places are for people', () => {
    expect([bytes(0), bytes(999), bytes(1_500), bytes(48_000_000)]).toEqual(['0 B', '999 B', '1.5 KB', '48 MB']);
    expect([split('a/b/c.md'), split('c.md')]).toEqual([['a/b/', 'c.md'], ['', 'c.md']]);
    expect(where({ kind: 'sheet', number: 2, name: 'Q3' }, (kind) => kind)).toBe('sheet Q3');
    expect(where(undefined, (kind) => kind)).toBe('');
  });

  it('every language has every text', () => {
    expect(Object.keys(languages.zh)).toEqual(Object.keys(languages.en));
    expect([preferred(['de', 'zh-CN']), preferred(['fr']), preferred(['en-GB', 'zh'])]).toEqual(['zh', 'en', 'en']);
  });
});
