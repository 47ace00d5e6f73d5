import assert from "node:assert/strict";
import { test } from "node:test";

import { blocks } from "../../.build/chat/answer-text.js";
import { shapes, tableOf } from "../../.build/passage/shapes.js";

test("rows are a table, and one line with a bar is text", () => {
  assert.deepEqual(shapes("Field | Text\na | First | x\nb"), [
    { kind: "table", rows: [["Field", "Text", ""], ["a", "First", "x"]] },
    { kind: "text", text: "b" },
  ]);
  assert.deepEqual(shapes("either a | b\nor c"), [{ kind: "text", text: "either a | b\nor c" }]);
  assert.deepEqual(tableOf(["| a | b |", "|---|:-:|", "| 1 | |"]), [["a", "b"], ["1", ""]]);
});

test("items are a list with their markers and depths", () => {
  assert.deepEqual(shapes("Steps:\n1. Stop\n  - at once\n2. Look\n\nThen go - on."), [
    { kind: "text", text: "Steps:" },
    {
      kind: "list",
      items: [
        { depth: 0, marker: "1.", text: "Stop" },
        { depth: 1, marker: "-", text: "at once" },
        { depth: 0, marker: "2.", text: "Look" },
      ],
    },
    { kind: "text", text: "Then go - on." },
  ]);
});

test("nothing of a text is lost", () => {
  const text = "A - b\n\n\nc | d\ne | f\n- g\n   indented\n| h\ncode { x || y }";
  const words = (shape) => (shape.kind === "text" ? [shape.text] : shape.kind === "list" ? shape.items.map((one) => one.text) : shape.rows.flat());
  const letters = (all) => all.replace(/[^a-z]/gi, "");
  assert.equal(letters(shapes(text).flatMap(words).join(" ")), letters(text));
});

test("rows of an answer are a table whose cells hold their citations", () => {
  const [table] = blocks("Item | Price\nApple | 2 [1]", new Set([1]));
  assert.equal(table.kind, "table");
  assert.deepEqual(table.rows[1][1], [{ kind: "text", text: "2 " }, { kind: "citation", number: 1 }]);
});
