import assert from "node:assert/strict";
import { test } from "node:test";

import { EventParser, eventsOf } from "../../.build/api/sse.js";

const parse = (...chunks) => {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
};

test("an event is given when its blank line has come, wherever the text was cut", () => {
  const whole = 'event: delta\r\ndata: {"text":"a"}\r\n\r\nevent: done\r\ndata: {}\r\n\r\n';
  const expected = [
    { event: "delta", data: '{"text":"a"}' },
    { event: "done", data: "{}" },
  ];
  for (let cut = 0; cut <= whole.length; cut += 1) assert.deepEqual(parse(whole.slice(0, cut), whole.slice(cut)), expected, `cut at ${cut}`);
  assert.deepEqual(parse(...whole), expected, "letter by letter");
});

test("lines end in LF, CRLF or CR", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    // The last CR may be half of a CRLF, so one more line follows.
    assert.deepEqual(parse(["data: a", "data: b", "", ": end", ""].join(end)), [{ event: "message", data: "a\nb" }], JSON.stringify(end));
  }
});

test("comments, unknown fields and events without data are nothing", () => {
  assert.deepEqual(parse(": keep-alive\n\nid: 4\nretry: 10\nevent: delta\n\ndata\n\n"), [{ event: "message", data: "" }]);
});

test("one space after the colon is not part of the value, a byte order mark not of the stream", () => {
  assert.deepEqual(parse("\uFEFFdata:  two\n\ndata:none\n\n"), [
    { event: "message", data: " two" },
    { event: "message", data: "none" },
  ]);
});

test("an event that is cut off by the end is not one", () => {
  assert.deepEqual(parse("event: done\ndata: {}\n"), []);
});

test("a character that is cut in two arrives whole", async () => {
  const bytes = new TextEncoder().encode("data: 年假三十天🙂\n\n");
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, cut));
        controller.enqueue(bytes.slice(cut));
        controller.close();
      },
    });
    const events = [];
    for await (const event of eventsOf(body)) events.push(event.data);
    assert.deepEqual(events, ["年假三十天🙂"]);
  }
});

test("who stops listening cancels the stream", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("data: x\n\n")),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const _ of eventsOf(body)) break;
  assert.ok(cancelled);
});
