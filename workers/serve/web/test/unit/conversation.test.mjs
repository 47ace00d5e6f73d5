import assert from "node:assert/strict";
import { test } from "node:test";

import { history, kept, markdown, nameOf } from "../../.build/chat/conversation.js";
import { Shelf } from "../../.build/chat/shelf.js";
import { reduce } from "../../.build/chat/turn.js";

const citation = (number) => ({ number, id: `p${number}`, document: "docs/a.md", heading_path: ["Leave"], text: "secret text", score: 1 });
const answer = (text) => ({ answer: text, found: true, citations: [citation(1)], passages: { found: 2, given: 2, left_out: 0 }, model: "m", application: "a", took_ms: 3, invented_citations: 0, finish_reason: "stop" });
const asked = (id, question) => ({ kind: "asked", id, question: { question } });
const sources = (id) => ({ kind: "sources", id, sources: { citations: [citation(1), citation(2)], passages: { found: 2, given: 2, left_out: 0 } } });
const done = (id, text) => ({ kind: "done", id, answer: answer(text) });
const turns = (...happenings) => happenings.reduce(reduce, []);
const talk = (count) => turns(...Array.from({ length: count }, (_, id) => [asked(id, `q${id}`), done(id, `a${id} [1]`)]).flat());

test("the newest whole turns are sent along, and no more than the server takes", () => {
  assert.deepEqual(history(talk(1)), [{ role: "user", content: "q0" }, { role: "assistant", content: "a0 [1]" }]);
  const many = history(talk(30));
  assert.deepEqual([many.length, many[0].content, many[39].content], [40, "q10", "a29 [1]"]);
  const failed = reduce(reduce(talk(1), asked(7, "q7")), { kind: "failed", id: 7, error: { message: "no" } });
  assert.equal(history(failed).length, 2);
  const long = turns(asked(1, "short"), done(1, "a"), asked(2, "long"), done(2, "长".repeat(25_000)));
  assert.deepEqual(history(long), []);
});

test("what is kept has no texts of passages, and no turn that broke off", () => {
  const all = kept(turns(asked(1, "q"), sources(1), done(1, "a [1]"), asked(2, "stopped"), { kind: "stopped", id: 2 }));
  assert.equal(all.length, 1);
  assert.deepEqual(all[0].citations.map((one) => one.number), [1, 2]);
  assert.ok(!JSON.stringify(all).includes("secret text"));
});

test("a conversation is called by its first question and written as Markdown", () => {
  assert.equal(nameOf(turns(asked(1, "  what \n is  it? "))), "what is it?");
  assert.equal(nameOf(turns(asked(1, "x".repeat(200)))).length, 80);
  const text = markdown({ id: "1", name: "N", at: 0, turns: turns(asked(1, "q?"), sources(1), done(1, "a [1]")) });
  assert.equal(text, "# N\n\n## q?\n\na [1]\n\n[1] docs/a.md > Leave\n");
});

const memory = (limit = Infinity) => {
  const all = new Map();
  return {
    all,
    getItem: (name) => all.get(name) ?? null,
    setItem: (name, text) => {
      if (text.length > limit) throw new Error("full");
      all.set(name, text);
    },
    removeItem: (name) => all.delete(name),
  };
};
const conversation = (id, name = id, text = "a") => ({ id, name, at: 1, turns: turns(asked(1, "q"), done(1, text)) });

test("conversations of one key are kept, renamed and removed, and not shown to another", () => {
  const storage = memory();
  const shelf = new Shelf("index", "anna", storage);
  for (let id = 0; id < 60; id += 1) shelf.put(conversation(`c${id}`));
  shelf.put(conversation("c30", "again"));
  assert.deepEqual([shelf.conversations.length, shelf.conversations[0].name], [50, "again"]);
  shelf.rename("c30", "renamed");
  shelf.remove("c59");
  const read = new Shelf("index", "anna", storage);
  assert.deepEqual([read.conversations.length, read.conversations[0].name], [49, "renamed"]);
  for (const [index, key] of [["index", "bob"], ["other", "anna"], ["index", null]]) {
    assert.equal(new Shelf(index, key, storage).conversations.length, 0);
  }
});

test("storage that is forbidden, full or holds something else breaks nothing", () => {
  const none = new Shelf("index", null, null);
  none.put(conversation("a"));
  assert.equal(none.conversations.length, 1);
  const full = memory(JSON.stringify(conversation("a")).length * 3);
  const shelf = new Shelf("index", null, full);
  for (const id of ["a", "b", "c", "d", "e"]) shelf.put(conversation(id));
  const ids = (one) => one.conversations.map(({ id }) => id).join("");
  assert.equal(ids(shelf), "edcba", "in the page nothing is lost");
  assert.equal(ids(new Shelf("index", null, full)), "ed", "and storage has the newest");
  const wrong = [[null], [{}], [{ ...conversation("a").turns[0], citations: [null] }], [{ ...conversation("a").turns[0], answer: {} }], []];
  const written = JSON.stringify(wrong.map((turns) => ({ ...conversation("a"), turns })));
  for (const text of ["{", "7", '[null, {"id": 7}, 3]', written]) {
    const storage = memory();
    storage.all.set("millrace.conversations/index/", text);
    assert.deepEqual(new Shelf("index", null, storage).conversations, []);
  }
});

test("no more is kept than 2 MB, the newest first", () => {
  const storage = memory();
  const shelf = new Shelf("index", null, storage);
  for (const id of ["a", "b", "c"]) shelf.put(conversation(id, id, "长".repeat(200_000)));
  assert.deepEqual(shelf.conversations.map(({ id }) => id), ["c", "b"]);
  assert.ok([...storage.all.values()][0].length <= 1_000_000);
});

test("what another tab has kept, renamed or removed stays so", () => {
  const storage = memory();
  const [here, there] = [new Shelf("index", null, storage), new Shelf("index", null, storage)];
  here.put(conversation("a"));
  there.put(conversation("b"));
  here.rename("b", "renamed");
  assert.deepEqual(here.conversations.map(({ name }) => name), ["renamed", "a"]);
  there.remove("a");
  here.put(conversation("c"));
  assert.deepEqual(here.conversations.map(({ name }) => name), ["c", "renamed"]);
});
