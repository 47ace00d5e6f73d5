import assert from "node:assert/strict";
import { test } from "node:test";

import { judge, pressed, unjudged } from "../../.build/feedback/judging.js";

const after = (...events) => events.reduce(judge, unjudged);
const sent = (judgement) => ({ kind: "sent", judgement });
const kept = (number, judgement) => ({ kind: "kept", number, judgement });
const failed = (number) => ({ kind: "failed", number, error: { message: "no" } });
const seen = ({ shown, kept: has, settled, error }) => [shown, has, settled, error !== null];

test("a judgement is shown at once and settled when it is kept", () => {
  assert.deepEqual(seen(after(sent("up"))), ["up", "none", false, false]);
  assert.deepEqual(seen(after(sent("up"), kept(1, "up"))), ["up", "up", true, false]);
});

test("one that is not kept goes back to what the server has", () => {
  assert.deepEqual(seen(after(sent("up"), failed(1))), ["none", "none", false, true]);
  assert.deepEqual(seen(after(sent("up"), kept(1, "up"), sent("down"), failed(2))), ["up", "up", false, true]);
  assert.deepEqual(seen(after(sent("up"), failed(1), sent("up"))), ["up", "none", false, false]);
});

test("a late answer to an earlier one changes nothing of what is shown", () => {
  assert.deepEqual(seen(after(sent("up"), sent("down"), failed(1))), ["down", "none", false, false]);
  assert.deepEqual(seen(after(sent("up"), sent("down"), kept(1, "up"), failed(2))), ["up", "up", false, true]);
  assert.deepEqual(seen(after(sent("up"), sent("down"), kept(1, "up"), kept(2, "down"))), ["down", "down", true, false]);
});

test("a thumb that is pressed again is taken back", () => {
  assert.deepEqual([pressed(unjudged, "up"), pressed(after(sent("up")), "up"), pressed(after(sent("up")), "down")], ["up", "none", "down"]);
});
