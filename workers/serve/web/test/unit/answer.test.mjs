import assert from "node:assert/strict";
import { test } from "node:test";

import { blocks, cited, pieces } from "../../.build/chat/answer-text.js";
import { reduce } from "../../.build/chat/turn.js";

const known = new Set([1, 2, 3]);

test("markers become citations, several in one as well, also with a Chinese comma", () => {
  assert.deepEqual(pieces("a [1], b [2, 3]", known), [
    { kind: "text", text: "a " },
    { kind: "citation", number: 1 },
    { kind: "text", text: ", b " },
    { kind: "citation", number: 2 },
    { kind: "citation", number: 3 },
  ]);
  assert.equal(pieces("年假[1\uff0c2]", known).filter(({ kind }) => kind === "citation").length, 2);
});

test("a marker that names no passage stays text", () => {
  assert.deepEqual(pieces("see [42] and [1, 42] and array[0]", known), [{ kind: "text", text: "see [42] and [1, 42] and array[0]" }]);
});

test("an index of code is no marker, a number behind a word is one", () => {
  const code = "Set a[1], x[0][2], my_list[3] and args[0][1]";
  assert.deepEqual(pieces(code, known), [{ kind: "text", text: code }]);
  for (const text of ["a sill[1]", "the company's[1]", "MAX_SIZE[1]", "\u732b[1]", "_sill_[1]", "[1]"])
    assert.equal(pieces(text, known).at(-1).kind, "citation", text);
});

test("a citation in bold text is a citation", () => {
  assert.deepEqual(pieces("**30 days [1]**", known), [
    { kind: "strong", text: "30 days " },
    { kind: "citation", number: 1 },
  ]);
});

test("HTML is text", () => {
  const hostile = "<script>x</script> **<b>y</b>** <img src=x onerror=z>";
  assert.equal(pieces(hostile, known).map(({ text }) => text).join(""), hostile.replaceAll("**", ""));
});

test("paragraphs, lists, headings and fences", () => {
  const made = blocks("# Leave\nfirst\nsecond\n\n- a [1]\n- b\n1. c\n```\n- no list [2]\n", known);
  assert.deepEqual(made.map(({ kind }) => kind), ["heading", "paragraph", "list", "list", "code"]);
  assert.equal(made[1].pieces[0].text, "first\nsecond");
  assert.equal(made[2].items.length, 2);
  assert.equal(made[4].text, "- no list [2]\n");
  assert.deepEqual(cited(made), [1]);
});

test("an unfinished answer is read at every length", () => {
  const text = "**a** [1]\n\n- b [2, 3]\n```\ncode\n```\nend [1]";
  for (let length = 0; length <= text.length; length += 1) blocks(text.slice(0, length), known);
  assert.deepEqual(cited(blocks(text, known)), [1, 2, 3]);
});

test("a turn keeps the passages that were given and not cited, and takes the final text", () => {
  const passages = { found: 2, given: 2, left_out: 0 };
  const citation = (number) => ({ number, id: `p${number}`, document: "docs/a", heading_path: [], text: "", score: 1 });
  const answer = { answer: "end [2]", found: true, citations: [citation(2)], passages, invented_citations: 1 };
  let turns = reduce([], { kind: "asked", id: 1, question: { question: "q" } });
  turns = reduce(turns, { kind: "sources", id: 1, sources: { citations: [citation(1), citation(2)], passages } });
  turns = reduce(turns, { kind: "delta", id: 1, text: "end [2][9]" });
  assert.equal(turns[0].phase, "writing");
  turns = reduce(turns, { kind: "done", id: 1, answer });
  assert.equal(turns[0].text, "end [2]");
  assert.deepEqual(turns[0].citations.map(({ number }) => number), [1, 2]);
});
