import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, moment, pathAndName, score, span } from "../../.build/words/figures.js";
import { localeOf, speaker } from "../../.build/words/locale.js";
import { strings } from "../../.build/words/strings.js";

const forms = (message) => (typeof message === "string" ? [message] : Object.values(message));
const holes = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test("each translation has the same holes as the original, and none is empty", () => {
  for (const [key, [english, chinese]] of Object.entries(strings)) {
    for (const form of forms(english)) assert.deepEqual(holes(chinese), holes(form), key);
    assert.ok(chinese.trim(), key);
  }
});

test("Chinese sentences have Chinese punctuation", () => {
  for (const [key, [, chinese]] of Object.entries(strings)) assert.doesNotMatch(chinese, /[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]/, key);
});

test("a value that looks like a hole stays as it is", () => {
  assert.equal(speaker("en")("search.open", { document: "docs/{document}$&" }), "Open docs/{document}$&");
});

test("one and many", () => {
  assert.equal(speaker("en")("search.hits", { count: 1 }), "1 hit");
  assert.equal(speaker("en")("search.hits", { count: 1200 }), "1,200 hits");
  assert.equal(speaker("zh")("search.hits", { count: 1 }), "1 条");
});

test("the first language that the page speaks", () => {
  assert.equal(localeOf(["zh-CN", "en"]), "zh");
  assert.equal(localeOf(["de-DE", "en-GB", "zh"]), "en");
  assert.equal(localeOf(["fr", "zh-Hant-TW"]), "zh");
  assert.equal(localeOf([]), "en");
});

test("figures", () => {
  assert.equal(bytes(999, "en"), "999 B");
  assert.equal(bytes(999_999, "en"), "1 MB");
  assert.equal(bytes(1_290_338, "en"), "1.3 MB");
  assert.equal(score(0.03278688, "en"), "0.0328");
  assert.equal(score(18.4, "en"), "18.4");
  assert.equal(span(1.84, "en"), "1.8 sec");
  assert.equal(span(600, "en"), "10 min");
  assert.equal(moment("not a time", "en"), "not a time");
  assert.deepEqual(pathAndName("docs/a/b.pdf"), { path: "docs/a/", name: "b.pdf" });
  assert.deepEqual(pathAndName("docs/folder/"), { path: "docs/", name: "folder/" });
});
