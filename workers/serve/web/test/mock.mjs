// A server that speaks the contract from memory, for tests and for `npm run dev`. Run as a program it listens on 127.0.0.1:8790.
// A question that holds one of these words is answered in a special way:
//   nothing · slow · fails (before the stream) · breaks (an error within it) · cut (the stream ends early) · many (left-out passages)

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { documents, generations, HOSTILE, training } from "./world.mjs";

const POLICY =
  "default-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const types = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };
const roles = ["read", "write", "admin"];

export const KEYS = { "reader-key": "read", "writer-key": "write", "admin-key": "admin" };

/** `keys`: whether a key is needed; `bucket`: null for a server without one. */
export async function startMock({ port = 0, keys = false, bucket = "docs", pace = 12 } = {}) {
  const world = { documents: documents(), registry: generations(), training: training(), keys, bucket, pace, requests: [], readings: 0, serial: 0, judged: [] };
  const server = createServer((request, response) => {
    serve(world, request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, world, close };
}

async function serve(world, request, response) {
  const url = new URL(request.url, "http://mock");
  world.serial += 1;
  const id = `req-${world.serial}`;
  response.setHeader("x-request-id", id);
  world.requests.push({ method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers });
  if (!url.pathname.startsWith("/v1/")) return page(url, response);
  const context = { world, url, request, response, id, role: roleOf(world, request) };
  if (context.role === null) return refuse(context, 401, "unauthorized", "this server needs a key: send Authorization: Bearer KEY");
  const [, generation, change] = /^\/v1\/generations\/(\w+)\/(promote|pause|resume)$/.exec(url.pathname) ?? [];
  const route = change && request.method === "POST" ? ["admin", (context) => changed(context, generation, change)] : routes[`${request.method} ${url.pathname}`];
  if (!route) return refuse(context, 404, "not_found", `there is no ${request.method} ${url.pathname}`);
  const [needed, handler] = route;
  if (roles.indexOf(context.role) < roles.indexOf(needed)) return refuse(context, 403, "forbidden", `this needs a key with the role ${needed}`);
  await handler(context);
}

function roleOf(world, request) {
  if (!world.keys) return "admin";
  return KEYS[(request.headers.authorization ?? "").replace(/^Bearer /, "")] ?? null;
}

const routes = {
  "GET /v1/me": ["read", me],
  "GET /v1/search": ["read", search],
  "POST /v1/ask": ["read", ask],
  "POST /v1/feedback": ["read", judge],
  "GET /v1/documents": ["read", list],
  "GET /v1/document": ["read", show],
  "PUT /v1/documents": ["write", put],
  "DELETE /v1/documents": ["write", remove],
  "GET /v1/pipeline": ["admin", pipeline],
  "GET /v1/generations": ["admin", ({ world, response }) => json(response, world.registry)],
  "GET /v1/training": ["admin", ({ world, response }) => json(response, world.training)],
};

async function page(url, response) {
  const name = url.pathname === "/" ? "index.html" : /^\/assets\/app\.(js|css)$/.test(url.pathname) ? url.pathname.slice(1) : null;
  response.setHeader("content-security-policy", POLICY);
  if (!name) return response.writeHead(404).end();
  response.setHeader("content-type", types[name.split(".").pop()]);
  response.end(await readFile(dist + name));
}

function json(response, value, status = 200) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function refuse({ response, id }, status, type, message, field) {
  json(response, { error: { type, message, ...(field ? { field } : {}), request_id: id } }, status);
}

function me({ world, response, role }) {
  const applications = ["millrace", "prod-chat"];
  json(response, { key: world.keys ? `${role}-team` : null, role, prefixes: [], open: !world.keys, model: "all-MiniLM-L6-v2", index: "millrace", bucket: world.bucket, applications, feedback: true, version: "0.1.0" });
}

/** All passages that hold a word (or a Chinese pair of characters) of the question, the most first. */
function find(world, q, { prefix, format, language } = {}) {
  const words = [...q.toLowerCase().matchAll(/(?=(\p{Script=Han}{2}))|([a-z]{4,})/gu)].map(([, pair, word]) => pair ?? word);
  const found = [];
  for (const row of world.documents) {
    if ((prefix && !row.document.startsWith(prefix)) || (format && row.format !== format) || (language && row.language !== language)) continue;
    for (const [ordinal, passage] of row.passages.entries()) {
      const text = passage.text.toLowerCase();
      const count = words.filter((word) => text.includes(word)).length;
      if (count > 0) found.push({ row, passage, ordinal, words, count });
    }
  }
  return found.sort((a, b) => b.count - a.count);
}

function pieces(text, words) {
  const any = words.map((word) => word.replace(/[^\p{L}\p{N}]/gu, "")).join("|");
  return text.split(new RegExp(`(${any})`, "iu")).filter((piece) => piece !== "").map((piece) => ({ text: piece, hit: new RegExp(`^(${any})$`, "iu").test(piece) }));
}

const orders = {
  keyword: (found) => found,
  vector: (found) => [...found.slice(1, 4), ...found.slice(0, 1), ...found.slice(5)],
  hybrid: (found) => [...found.slice(0, 1), ...found.slice(2, 4), ...found.slice(1, 2), ...found.slice(4)],
};

function search(context) {
  const { world, url, response } = context;
  const given = Object.fromEntries(url.searchParams);
  if (given.q.includes("fails") && given.mode === "vector") return refuse(context, 503, "unavailable", "the engine does not answer: is it started?");
  if (given.q.includes("wrong")) return refuse(context, 400, "question", "size is 1 to 1000", "size");
  const found = find(world, given.q, given);
  const rank = (mode, id) => orders[mode](found).findIndex(({ passage }) => passage.id === id) + 1 || undefined;
  const hits = orders[given.mode](found).slice(0, Number(given.size)).map(({ row, passage, ordinal, words }, index) => ({
    id: passage.id, document: row.document, heading_path: passage.heading_path, text: passage.text,
    score: { keyword: 18.4 - 1.7 * index, vector: 0.871 - 0.031 * index, hybrid: 0.0328 - 0.0011 * index }[given.mode],
    ...(given.mode === "hybrid" ? { keyword_rank: rank("keyword", passage.id), keyword_score: 14.2, vector_rank: rank("vector", passage.id), vector_score: 0.81 } : {}),
    language: row.language, format: row.format, modified: row.modified, title: row.title,
    highlights: pieces(passage.text, words), place: { start: passage.start, end: passage.end, ordinal, ...(passage.part ? { part: passage.part } : {}) },
    ...(index === 0 ? { copies: ["docs/archive/2025/report-01.docx", HOSTILE] } : {}),
  }));
  json(response, { query: given.q, mode: given.mode, ...(given.mode === "hybrid" ? { fusion: "rrf" } : {}), space: "bc20bc4c25a1", generation: "0a1b2c3d4e5f", took_ms: 23, timing: { embed_ms: 9, engine_ms: 11, fuse_ms: 0, place_ms: 3 }, hits });
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function ask(context) {
  const { world, request, response } = context;
  const question = JSON.parse(await body(request));
  world.asked = question;
  const q = question.question;
  if (q.includes("fails")) return refuse(context, 503, "unavailable", "the model does not answer; try again in a minute");
  const chinese = /\p{Script=Han}/u.test(q);
  const found = q.includes("nothing") ? [] : find(world, q, question).filter(({ row }) => chinese === (row.language === "zh")).slice(0, 5);
  const citations = found.map(({ row, passage }, index) => ({
    number: index + 1, id: passage.id, document: row.document, title: row.title, heading_path: passage.heading_path,
    part: passage.part, start: passage.start, end: passage.end, text: passage.text, score: 0.0328 - 0.0021 * index,
  }));
  const passages = { found: found.length + (q.includes("many") ? 3 : 0), given: found.length, left_out: q.includes("many") ? 3 : 0 };
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const name = `answer-${world.serial}`.padEnd(32, "0");
  const before = question.history?.findLast((said) => said.role === "user")?.content;
  const condensed = before && q.startsWith("and ") ? `${q} ${before}` : undefined;
  send("sources", { id: name, citations, passages, condensed });
  const answer = answerTo(q, found, citations);
  for (const text of answer.match(/[\s\S]{1,6}/gu) ?? []) {
    await new Promise((resolve) => setTimeout(resolve, q.includes("slow") ? 150 : world.pace));
    if (response.destroyed) {
      world.aborted = true;
      return;
    }
    send("delta", { text });
    if (q.includes("cut")) return response.end();
    if (q.includes("breaks")) break;
  }
  if (q.includes("breaks")) send("error", { error: { type: "timeout", message: "the model fell silent; ask again", request_id: context.id } });
  else send("done", { id: name, condensed, closest: found.length > 0 ? [] : closest(world), ...done(question, answer, citations, passages) });
  response.end();
}

/** A reason that holds "fails" cannot be kept; neither can anything while `world.deaf`. */
async function judge(context) {
  const { world, request, response } = context;
  const feedback = JSON.parse(await body(request));
  if (world.slow) await new Promise((resolve) => setTimeout(resolve, world.slow));
  if (world.deaf || feedback.reason?.includes("fails")) return refuse(context, 503, "unavailable", "the judgement could not be kept: try again");
  if ((feedback.reason?.length ?? 0) > 500) return refuse(context, 400, "feedback", "the reason is too long", "reason");
  world.judged.push(feedback);
  json(response, { answer: feedback.answer, judgement: feedback.judgement, with_question: true });
}

/** The passages that are named where none answers. */
function closest(world) {
  const all = find(world, "leave", {}).slice(0, 2);
  return all.map(({ row, passage }, index) => ({ number: index + 1, id: passage.id, document: row.document, title: row.title, heading_path: passage.heading_path, text: passage.text, score: 0.01 }));
}

function answerTo(q, found, citations) {
  if (found.length === 0) return "No passage of the documents answers this.";
  const quote = ({ passage }) => passage.text;
  if (q.includes("script")) return `The document says: ${quote(found[0])} [1]\n\n<img src=x onerror="window.__run=1"> **<b>bold</b>** [1]`;
  if (/\p{Script=Han}/u.test(q)) return `${quote(found[0])}[1] ${found[1] ? `${quote(found[1])}[2]` : ""}`;
  const last = citations.length;
  return `**${quote(found[0]).split(". ")[0]}** [1].\n\n- ${quote(found[1] ?? found[0])} [${Math.min(2, last)}]\n- Applications are made in the portal [1, ${last}].\n\nA marker without a passage stays text: [42].`;
}

function done({ application }, answer, citations, passages) {
  const found = citations.length > 0;
  const used = new Set([...answer.matchAll(/\[([\d, ]+)\]/g)].flatMap(([, numbers]) => numbers.split(",").map(Number)));
  return {
    answer, found, sentences: [], citations: citations.filter(({ number }) => used.has(number)), passages, invented_citations: found && answer.includes("[42]") ? 1 : 0,
    model: found ? "qwen-plus" : "", application: application ?? "millrace", space: "bc20bc4c25a1", generation: "0a1b2c3d4e5f", finish_reason: "stop", usage: { prompt_tokens: 911, completion_tokens: 120, total_tokens: 1031 }, took_ms: 1840,
  };
}

const publicRow = ({ passages: _passages, ...row }) => row;

function list(context) {
  const { world, url, response } = context;
  const prefix = url.searchParams.get("prefix") ?? "";
  for (const name of url.searchParams.keys()) {
    if (!["prefix", "after"].includes(name)) return refuse(context, 400, "question", `unknown field ${name}`, name);
  }
  const size = 50;
  const from = Number(url.searchParams.get("after") ?? 0);
  const all = world.documents.filter(({ key }) => key.startsWith(prefix));
  json(response, { documents: all.slice(from, from + size).map(publicRow), after: from + size < all.length ? String(from + size) : null });
}

function show(context) {
  const name = context.url.searchParams.get("document");
  const row = context.world.documents.find(({ document }) => document === name);
  if (!row) return refuse(context, 404, "not_found", `there is no document ${name}`);
  const parts = [];
  for (const { part, start } of row.passages) if (part && !parts.some(({ number }) => number === part.number)) parts.push({ ...part, start });
  json(context.response, { ...row, parts });
}

async function put(context) {
  const { world, url, request, response } = context;
  const key = url.searchParams.get("key");
  const bytes = await body(request);
  if (key.endsWith(".exe")) return refuse(context, 413, "too_large", "an object has at most 100 MB");
  const document = `docs/${key}`;
  world.documents = world.documents.filter((row) => row.document !== document);
  world.documents.unshift({ document, key, state: "waiting", size: bytes.length, modified: new Date().toISOString(), chunks: 0, passages: [] });
  json(response, { document, size: bytes.length }, 202);
}

function remove(context) {
  const { world, url, response } = context;
  const row = world.documents.find(({ key }) => key === url.searchParams.get("key"));
  if (!row) return refuse(context, 404, "not_found", "there is no such object");
  world.documents = world.documents.filter((other) => other !== row);
  json(response, { document: row.document }, 202);
}

function pipeline({ world, response }) {
  world.readings += 1;
  const n = world.readings;
  const wave = Math.max(0, Math.round(140 * Math.sin(n / 3) ** 2 - 20));
  const topics = [
    ["object-events", "intake", 0, 90_412], ["documents", "chunk", wave, 88_120], ["chunks.5b1f00aa", "embed", 4 * wave + 12, 412_733],
    ["vectors.bc20bc4c", "replicate", 3, 412_001], ["vectors.bc20bc4c", "index", 812, 412_001],
  ].map(([topic, group, lag, end]) => ({ topic, group, lag, end }));
  const latest = world.documents.filter(({ cause }) => cause).map(({ document, cause, modified }) => ({ document, stage: "chunk", cause, at: modified }));
  latest.push({ document: HOSTILE, stage: "embed", cause: "<script>window.__run=1</script> is longer than the model takes" });
  json(response, {
    generation: { id: "0a1b2c3d4e5f", space: "bc20bc4c25a1f0d37e9b1c66a2f4d810", model: "all-MiniLM-L6-v2", index: "millrace-bc20bc4c25a1-000003", dimension: 384 },
    topics, throughput: [{ topic: "object-events", per_second: 0 }, { topic: "documents", per_second: 6.4 }, { topic: "chunks.5b1f00aa", per_second: 41.25 }, { topic: "vectors.bc20bc4c", per_second: 38 }],
    dead_letters: { count: 14, latest }, engine: { kind: "elasticsearch", chunks: 61_408, documents: 4_212 },
  });
}

/** A change by the rules that matter to the page: one that is not loaded everywhere is not served, and asks for JSON. */
async function changed(context, id, change) {
  const { world, request, response } = context;
  const { registry } = world;
  const text = (await body(request)).toString();
  if (request.headers["content-type"] !== "application/json" || text === "") return refuse(context, 400, "question", "send a JSON object");
  const one = registry.generations.find((generation) => generation.id === id);
  if (!one) return refuse(context, 404, "not_found", `there is no generation ${id}`);
  if (change !== "promote") {
    Object.assign(one, { state: change === "pause" ? "paused" : "building", by: "admin-team", reason: null });
    return json(response, { generation: id, state: one.state });
  }
  if (one.lacking.length > 0) return refuse(context, 409, "conflict", `not loaded yet by ${one.lacking.join(", ")}: wait for it, or stop that process`);
  const before = registry.serving.id;
  for (const generation of registry.generations) Object.assign(generation, { served: generation.id === id, previous: generation.id === before });
  registry.serving = { ...registry.serving, id, previous: before, sequence: registry.serving.sequence + 1 };
  registry.instances = registry.instances.map(({ instance }, number) => ({ instance, current: number > 0 }));
  json(response, { serving: id });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: 8790, keys: process.argv.includes("--keys"), pace: 40 });
  console.log(mock.url);
}
