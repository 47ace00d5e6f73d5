import assert from "node:assert/strict";
import { test } from "node:test";

import { query } from "../../.build/api/client.js";
import { errorOf } from "../../.build/api/error.js";
import { Keyring, sendable } from "../../.build/api/keyring.js";
import { firstFolder, folderOf, mayWrite } from "../../.build/documents/key.js";
import { stretches } from "../../.build/passage/stretches.js";
import { drain, flows, KEPT, line, remember } from "../../.build/pipeline/flow.js";
import { progressOf } from "../../.build/pipeline/progress.js";
import { askedOf, parametersOf, ranksOf, share } from "../../.build/search/asked.js";
import { dayOf, filled } from "../../.build/search/filters.js";
import { parseRoute, routeHash } from "../../.build/shell/route.js";

test("a route survives its address, with names of any kind", () => {
  const route = { view: "search", parameters: { q: "a&b=c #? 年假" }, open: { document: "docs/<a>&b#c/人 事.pdf", passage: "p1" } };
  assert.deepEqual(parseRoute(routeHash(route)), route);
  assert.deepEqual(parseRoute("#/nowhere?x=1"), { view: "chat", parameters: { x: "1" }, open: null });
  assert.deepEqual(parseRoute(""), { view: "chat", parameters: {}, open: null });
});

test("what is asked survives its address; sizes and fusions that do not exist are the usual ones", () => {
  const asked = { q: "x", size: 20, fusion: "rrf", filters: { prefix: "docs/", language: "zh" } };
  assert.deepEqual(askedOf(parametersOf(asked)), asked);
  assert.deepEqual(askedOf({ q: "x", size: "7", fusion: "?" }), { q: "x", size: 10, fusion: "auto", filters: {} });
});

test("filters: empty ones are left out, a day begins where the reader is", () => {
  assert.deepEqual(filled({ prefix: " ", format: "pdf" }), { format: "pdf" });
  const { since } = filled({ since: "2026-10-18" });
  assert.equal(new Date(since).getHours(), 0);
  assert.equal(dayOf(since), "2026-10-18");
  assert.equal(dayOf("nonsense"), "");
});

test("ranks across the lists, shares within one", () => {
  const hit = (id, score) => ({ id, score });
  const ranks = ranksOf({ keyword: [hit("a", 2), hit("b", 1)], hybrid: [hit("b", 1)] });
  assert.deepEqual(ranks.get("b"), { keyword: 2, hybrid: 1 });
  assert.equal(share(1, [hit("a", 2), hit("b", 1)]), 0.5);
  assert.equal(share(0, [hit("a", 0)]), 0);
  assert.equal(share(-1, [hit("a", 2), hit("b", -1)]), 0);
});

test("names and values for an address", () => {
  assert.equal(query({ q: "a b&c", prefix: "", size: 10, after: undefined }), "q=a+b%26c&size=10");
});

test("errors: the server's words, and a proxy's page", () => {
  const error = errorOf(400, '{"error":{"type":"question","message":"size is 1 to 1000","field":"size","request_id":"r"}}', null);
  assert.deepEqual([error.type, error.message, error.field, error.requestId], ["question", "size is 1 to 1000", "size", "r"]);
  const page = errorOf(504, "<html>Gateway</html>", "r2");
  assert.deepEqual([page.type, page.message, page.requestId], ["timeout", "HTTP 504", "r2"]);
  assert.equal(errorOf(500, "null", null).type, "internal");
});

test("requests that fail together share one dialog; one that left before the key changed needs none", async () => {
  const keyring = new Keyring();
  const [first, second] = [keyring.another(null), keyring.another(null)];
  assert.deepEqual(keyring.asking, { refused: false });
  keyring.give("k1");
  assert.deepEqual([await first, await second, keyring.asking], [true, true, null]);
  assert.equal(await keyring.another(null), true);
  const refused = keyring.another("k1");
  assert.deepEqual(keyring.asking, { refused: true });
  keyring.cancel();
  assert.equal(await refused, false);
});

test("only what a header takes is a key", () => {
  assert.ok(sendable("mr_abc-123=="));
  for (const key of ["", "a b", "密钥", "a\nb"]) assert.ok(!sendable(key), key);
});

test("where uploads go, and who may", () => {
  assert.equal(folderOf(" /a/b// "), "a/b/");
  assert.equal(folderOf("/"), "");
  const me = { role: "write", bucket: "docs", prefixes: ["docs/hr/"], open: false };
  assert.equal(firstFolder(me), "hr/");
  assert.equal(firstFolder({ ...me, prefixes: ["other/hr/"] }), "");
  assert.deepEqual([mayWrite(me), mayWrite({ ...me, role: "read" }), mayWrite({ ...me, bucket: null }), mayWrite(null)], [true, false, false, false]);
});

test("headings and parts are named once, where they begin", () => {
  const passage = (id, heading, number) => ({ id, heading_path: [heading], text: "", start: 0, end: 0, part: { kind: "page", number } });
  const parts = [{ kind: "page", number: 1, start: 0 }, { kind: "page", number: 2, start: 9 }];
  const made = stretches([passage("a", "A", 1), passage("b", "A", 1), passage("c", "A", 2), passage("d", "B", 2)], parts);
  assert.deepEqual(made.map(({ part, headings, passages }) => [part?.index ?? null, headings, passages.map(({ id }) => id)]), [
    [0, ["A"], ["a", "b"]],
    [1, [], ["c"]],
    [null, ["B"], ["d"]],
  ]);
});

test("lag over time, and how long it takes to be worked off", () => {
  // The topic no longer grows, and its reader goes on: 4 records a second, told from where it stands.
  const pipeline = (lag) => ({ topics: [{ topic: "t", group: "g", lag, end: 10_000 }], throughput: [{ topic: "t", per_second: 0 }] });
  let history = new Map();
  for (let n = 0; n < 3; n += 1) history = remember(history, pipeline(5000 - 20 * n), 5000 * n);
  assert.equal(flows(pipeline(4960), history)[0].perSecond, null);
  assert.equal(drain(flows(pipeline(4960), history)[0]), undefined);
  for (let n = 3; n < KEPT + 5; n += 1) history = remember(history, pipeline(5000 - 20 * n), 5000 * n);
  const [flow] = flows(pipeline(64), history);
  assert.equal(flow.history.length, KEPT);
  assert.equal(flow.perSecond, 4);
  assert.equal(drain(flow), 16);
  assert.equal(drain({ ...flow, perSecond: 0 }), null);
  assert.equal(drain({ ...flow, lag: 0, perSecond: null }), 0);
  assert.match(line([0, 5, 10], 118, 20), /^M114 20L116 10L118 0$/);
});

test("a generation is as far as the slowest of its writers, and whole only when nothing is missing", () => {
  const writer = (whole, missing, rest = {}) => ({ writer: "w", group: "g", whole, missing, behind: missing, waits: 0, ...rest });
  const half = progressOf([writer(1000, 0), writer(1000, 500, { left: 50, rate: 10, waits: 2 })]);
  assert.deepEqual(half, { percent: 50, left: 50, behind: 500, waits: 2 });
  assert.equal(progressOf([writer(1000, 1, { left: 1 })]).percent, 99);
  assert.deepEqual(progressOf([writer(1000, 500, { left: 50 }), writer(1000, 20)]).left, null, "one whose pace is not known");
  assert.deepEqual(progressOf([writer(1000, 0), writer(0, 0, { behind: 3 })]), { percent: 100, left: 0, behind: 3, waits: 0 });
  // Engines after `embed` have no barrier: they lack what it has written and they have not.
  assert.equal(progressOf([writer(1000, 0), writer(0, 0, { behind: 4000 })]).percent, 99);
  assert.deepEqual(progressOf([writer(0, 0)]), { percent: 100, left: 0, behind: 0, waits: 0 });
});
