import assert from "node:assert/strict";
import { test } from "node:test";

import { chartOf, seriesOf, valueOf } from "../../.build/model/drift-chart.js";
import { reach, verdictOf, whiskerOf } from "../../.build/model/gain.js";
import { nextStep } from "../../.build/model/next.js";
import { hasEnded, standings } from "../../.build/model/steps.js";

const score = (gain, low, high) => ({ set: "golden", mode: "vector", before: 0.6, after: 0.65, gain, low, high });

test("an interval tells better from worse and from chance", () => {
  assert.equal(verdictOf(score(0.04, 0.03, 0.05)), "better");
  assert.equal(verdictOf(score(-0.04, -0.05, -0.03)), "worse");
  assert.equal(verdictOf(score(0.01, -0.01, 0.03)), "chance");
  assert.equal(verdictOf(score(0.01, 0, 0.03)), "chance", "one that begins at zero");
  assert.equal(verdictOf(score(null, null, null)), null);
});

test("gains stand on one scale around zero, which is never so small that noise looks large", () => {
  assert.equal(reach([]), 0.02);
  assert.equal(reach([score(0.001, -0.001, 0.002)]), 0.02);
  assert.equal(reach([score(0.04, 0.03, 0.05), score(-0.06, -0.08, -0.04), score(null, null, null)]), 0.08);
  assert.deepEqual(whiskerOf(score(0.05, 0, 0.1), 0.1, 110), { zero: 55, dot: 80, from: 55, to: 105 });
  assert.deepEqual(whiskerOf(score(-0.1, -0.1, -0.05), 0.1, 110), { zero: 55, dot: 5, from: 5, to: 30 });
  assert.equal(whiskerOf(score(0.05, null, 0.1), 0.1, 110), null);
});

test("a run stands at one step; one that came to nothing stopped there", () => {
  assert.deepEqual(standings({ state: "training", reached: "training" }), ["done", "done", "now", "ahead", "ahead"]);
  assert.deepEqual(standings({ state: "accepted", reached: "judging" }), ["done", "done", "done", "done", "done"]);
  assert.deepEqual(standings({ state: "refused", reached: "trained" }), ["done", "done", "done", "done", "ahead"]);
  assert.deepEqual(standings({ state: "failed", reached: "training" }), ["done", "done", "broken", "ahead", "ahead"]);
  assert.deepEqual(standings({ state: "stopped", reached: "planned" }), ["broken", "ahead", "ahead", "ahead", "ahead"]);
  assert.deepEqual(["planned", "judging", "accepted", "refused", "failed", "stopped"].map(hasEnded), [false, false, true, true, true, true]);
});

test("what to do next: train, wait, build with what passed, or look why it failed", () => {
  const [base, tuned] = ["b".repeat(64), "a".repeat(64)];
  const known = { index: "i", kafka: null, serving: { generation: "g", model: base, previous: null }, models: [{ fingerprint: base, state: "accepted", generation: null }, { fingerprint: tuned, state: "accepted", generation: null }], runs: [], drift: { reports: [], note: null } };
  const after = (state, rest = {}) => nextStep({ ...known, runs: [{ id: "5c1d90ab3f27", state, model: tuned, data: "77ab", since: 10 }], ...rest });
  const train = ["millrace train data", "millrace train now --data DIGEST"];
  assert.equal(nextStep({ ...known, kafka: "Kafka is away" }), null);
  assert.deepEqual(nextStep(known), { words: "model.next.first", commands: train });
  assert.deepEqual(nextStep({ ...known, models: [] }), { words: "model.next.add", commands: ["millrace model add DIR", ...train] });
  assert.equal(after("judging").words, "model.next.open");
  assert.equal(after("accepted").commands[0], "millrace generation start --with-model aaaaaaaaaaaa");
  assert.equal(after("accepted", { serving: { model: tuned } }), null, "it is served");
  assert.equal(after("accepted", { models: [{ fingerprint: tuned, state: "retired" }] }), null);
  assert.deepEqual(after("failed").commands, ["millrace train log 5c1d90ab3f27", "millrace train now --data 77ab"]);
  assert.equal(after("refused"), null);
  const called = (until) => ({ drift: { reports: [{ until, signal: true, generation: "g" }], note: null } });
  assert.deepEqual(after("refused", called(11)), { words: "model.next.signal", commands: train });
  assert.equal(after("refused", called(9)), null, "a run was begun since");
});

test("an accepted model goes on from the generation that there is of it, and a person's word about it stands", () => {
  const [base, tuned] = ["b".repeat(64), "a".repeat(64)];
  const after = (state, previous = null) => {
    const generation = { id: "0123456789ab", state };
    const models = [{ fingerprint: base, state: "accepted", generation: null }, { fingerprint: tuned, state: "accepted", generation }];
    const serving = { generation: "g", model: base, previous };
    return nextStep({ index: "i", kafka: null, serving, models, runs: [{ id: "5c1d90ab3f27", state: "accepted", model: tuned, data: "77ab", since: 10 }], drift: { reports: [], note: null } });
  };
  assert.deepEqual(after("building"), { words: "model.next.building", commands: ["millrace generation status"] });
  assert.deepEqual(after("built"), { words: "model.next.built", commands: ["millrace model promote aaaaaaaaaaaa"] });
  for (const state of ["paused", "failed"]) {
    assert.deepEqual(after(state), { words: "model.next.halted", commands: ["millrace generation status", "millrace generation resume 0123456789ab", "millrace generation retire 0123456789ab"] });
  }
  for (const state of ["retiring", "retired"]) assert.equal(after(state), null, "somebody gave it up");
  assert.equal(after("built", { generation: "0123456789ab", model: tuned }), null, "somebody went back from it");
  assert.equal(after("built", { generation: "fedcba987654", model: base })?.words, "model.next.built");
});

test("a call for a model stands until a run begins, or another generation is served", () => {
  const report = (until, signal, generation = "g") => ({ until, signal, generation });
  const after = (reports, runs = [{ id: "5c1d90ab3f27", state: "refused", model: null, data: "77ab", since: 10 }], serving = { generation: "g", model: "b", previous: null }) =>
    nextStep({ index: "i", kafka: null, serving, models: [], runs, drift: { reports, note: null } });
  assert.equal(after([report(11, true), report(12, false)])?.words, "model.next.signal", "the next look said nothing");
  assert.equal(after([report(9, true), report(12, false)]), null, "a run was begun since");
  const older = { id: "17aa22bb33cc", state: "refused", model: null, data: "77ab", since: 5 };
  assert.equal(after([report(7, true)], [older, { ...older, since: 10 }]), null, "whichever run it was");
  assert.equal(after([report(11, true, "f")]), null, "of what is not served any more");
  assert.equal(after([report(11, true, "f")], undefined, null)?.words, "model.next.signal", "each server answers by its own disk");
});

const report = (until, effects, rest = {}) => ({
  until, generation: "g", raised: [], signal: false, held_back: null, text: "",
  measures: Object.entries(effects).map(([name, effect]) => ({ name, reference: 0.9, current: 0.9 - effect, effect, counts_from: 0.08, over: effect > 0.1 })), ...rest,
});

test("drift: one series for each measure, in the order of the pages, whatever a report has left out", () => {
  const reports = [report(1, { later: 0, relevance: 0.01, own_opening: 0.02 }), report(2, { own_opening: 0.03 })];
  const series = seriesOf(reports);
  assert.deepEqual(series.map(({ name, samples }) => [name, samples.length]), [["own_opening", 2], ["relevance", 1], ["later", 1]]);
  assert.equal(series[1].last.report, reports[0]);
  assert.deepEqual(seriesOf([]), []);
});

test("a chart holds zero, the bound and every effect; time runs alike in all of them", () => {
  const reports = [report(0, { relevance: 0 }), report(10, { own_opening: -0.02 }, { signal: true }), report(20, { own_opening: 0.2 }, { generation: "h" })];
  const [own] = seriesOf(reports);
  const chart = chartOf(own, reports, 112, 122);
  // From 0.2 at 6 down to -0.02 at 116.
  assert.deepEqual(chart.marks, [{ x: 56, y: 116, over: false }, { x: 106, y: 6, over: true }]);
  assert.deepEqual([chart.zero, chart.bound, chart.signals], [106, 66, [56]]);
  assert.equal(chart.path, "M56 116M106 6", "another generation has another reference");
  const alike = reports.map((one) => ({ ...one, generation: "g" }));
  assert.equal(chartOf(seriesOf(alike)[0], alike, 112, 122).path, "M56 116L106 6");
});

test("one report alone is drawn at the right, and a calm measure leaves room for its bound", () => {
  const reports = [report(5, { own_opening: 0 })];
  const chart = chartOf(seriesOf(reports)[0], reports, 112, 112);
  assert.deepEqual(chart.marks, [{ x: 106, y: 106, over: false }]);
  assert.deepEqual([chart.zero, chart.bound], [106, 26]);
});

test("shares are told in percent, other values as numbers", () => {
  assert.equal(valueOf("own_opening", 0.746, "en"), "74.6%");
  assert.equal(valueOf("tokens_per_word", 1.4, "en"), "1.40");
  assert.equal(valueOf("of_a_later_release", 0.5, "en"), "0.500");
});
