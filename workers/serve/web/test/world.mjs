// The documents that the mock server knows. Names and texts are as hostile as a bucket may be.

export const HOSTILE = "docs/<img src=x onerror=window.__run=1>.md";
export const HOSTILE_TEXT = "<script>window.__run=1</script> & <b>not bold</b> \"quoted\" javascript:alert(1)";
export const CHINESE = "docs/人事/员工手册(2026).pdf";

const day = (n) => new Date(Date.UTC(2026, 9, n, 8, 30)).toISOString();

function passages(name, list) {
  let at = 0;
  return list.map(([heading_path, text, part], index) => {
    const start = at;
    at += Buffer.byteLength(text) + 2;
    return { id: `${name}-${index}`.padEnd(32, "0"), heading_path, text, start, end: at - 2, ...(part ? { part } : {}) };
  });
}

const page = (number) => ({ kind: "page", number });

const leave = passages("leave", [
  [["Leave", "Annual leave"], "An employee has 30 days of leave a year. Leave that is not taken by the end of March of the next year lapses, unless operational reasons kept it from being taken.", page(1)],
  [["Leave", "Annual leave"], "In the year of joining and of leaving, one twelfth is due for each full month.", page(1)],
  [["Leave", "Special leave"], "Special leave is given for a wedding (2 days), a birth (2 days), a move (1 day) and a death in the close family (3 days). Evidence is handed in within four weeks.", page(2)],
  [["Leave", "Sick leave"], "From the fourth day of illness a doctor's certificate is needed. It is sent to the personnel office; a photograph is enough at first.", page(3)],
  [["Leave", "Applying"], "Leave is applied for in the portal at least two weeks before it begins. The team lead decides within three working days; no answer counts as consent.", page(3)],
]);

const handbook = passages("handbook", [
  [["第三章 休假", "年假"], "员工每年享有三十天带薪年假。未在次年三月底前使用的年假自动作废,因工作原因无法休假的除外。", page(12)],
  [["第三章 休假", "年假"], "入职或离职当年,按每满一个月折算十二分之一。", page(12)],
  [["第三章 休假", "病假"], "病假自第四天起须提交医院证明,可先提交照片,原件随后补交人事部门。", page(13)],
  [["第四章 加班"], "加班须事先经主管批准,可选择调休或按国家规定支付加班费。", page(15)],
]);

const sheet = passages("budget", [
  [["Travel"], "Department | Q1 | Q2 | Q3\nSales | 12,400 | 9,800 | 15,100\nResearch | 4,200 | 6,900 | 5,050", { kind: "sheet", number: 1, name: "Travel" }],
  [["Training"], "Department | Q1 | Q2 | Q3\nSales | 3,000 | 3,000 | 3,000\nResearch | 8,000 | 7,500 | 9,250", { kind: "sheet", number: 2, name: "Training" }],
]);

const slides = passages("kickoff", [
  [["Why a new leave policy"], "Unused leave has doubled in three years. The new policy makes it lapse in March.", { kind: "slide", number: 4 }],
  [["What changes"], "Applications move to the portal; paper forms are no longer taken.", { kind: "slide", number: 5 }],
]);

const hostile = passages("hostile", [
  [["<script>window.__run=1</script>"], HOSTILE_TEXT],
  [[], "Leave <a href=\"javascript:window.__run=1\">now</a>: days of leave are counted <svg onload=window.__run=1>."],
]);

const long = passages(
  "minutes",
  Array.from({ length: 60 }, (_, index) => [["Minutes", `Item ${index + 1}`], `Item ${index + 1} of the minutes. The works council was heard, the wording was agreed on, and the next meeting was set for the week after.`, page(1 + Math.floor(index / 6))]),
);

function row(document, state, format, language, size, changed, rest = {}) {
  const list = rest.passages ?? [];
  return { document, key: document.slice(5), state, format, language, size, modified: day(changed), chunks: list.length, passages: list, ...rest };
}

export function documents() {
  const many = Array.from({ length: 48 }, (_, index) => row(`docs/archive/2025/report-${String(index + 1).padStart(2, "0")}.docx`, "live", "docx", "en", 20_000 + 977 * index, 1, { chunks: 4 + (index % 9) }));
  return [
    row(HOSTILE, "live", "markdown", "en", 812, 20, { passages: hostile, title: "<script>window.__run=1</script> Title" }),
    ...many,
    row("docs/finance/budget-2026.xlsx", "live", "xlsx", "en", 48_120, 14, { passages: sheet, title: "Budget 2026" }),
    row("docs/hr/kickoff.pptx", "live", "pptx", "en", 2_411_008, 12, { passages: slides, title: "New leave policy" }),
    row("docs/hr/leave-policy.pdf", "live", "pdf", "en", 184_220, 18, { passages: leave, title: "Leave policy" }),
    row("docs/hr/minutes-works-council.pdf", "live", "pdf", "en", 911_400, 3, { passages: long, title: "Works council, minutes" }),
    row("docs/hr/payroll.zip", "live", "zip", "en", 5_120_404, 11, { chunks: 12, left_out: [{ name: "2019/scan.tif", cause: "a picture; no text recognition (OCR) is built in" }, { name: "keys.kdbx", cause: "this is binary data, not text" }] }),
    row("docs/hr/scan-0042.pdf", "refused", "pdf", undefined, 8_400_112, 17, { cause: "a PDF document of 1 scanned page holds pictures and no text, and no text recognition (OCR) is built in; run OCR over it and store the result" }),
    row("docs/hr/old-contract.doc", "removed", "doc", "de", 40_960, 2),
    row("docs/inbox/new-offer.eml", "waiting", undefined, undefined, 18_311, 21),
    row("docs/inbox/empty.txt", "empty", "text", undefined, 0, 21),
    row(CHINESE, "live", "pdf", "zh", 1_290_338, 19, { passages: handbook, title: "员工手册(2026 年版)" }),
    row("docs/人事/加班制度.docx", "live", "docx", "zh", 88_200, 9, { chunks: 7 }),
  ];
}

/** Four generations: one served, one that was, one being built and one that failed. */
export function generations() {
  const at = Date.UTC(2026, 9, 20, 8, 30) / 1000;
  const writer = (name, group, whole, missing, rest = {}) => ({ writer: name, group, whole, missing, behind: missing, waits: 0, ...rest });
  const one = (id, model, state, rest) => ({
    id, model, dimension: 384, mapping: { version: 4 }, source: "vectors", state, since: at, by: "maria", reason: null,
    served: false, previous: false, loaded: [], lacking: ["serve-1-7-1760000000", "serve-2-9-1760000000"], writers: [], trouble: null, ...rest,
  });
  const both = ["serve-1-7-1760000000", "serve-2-9-1760000000"];
  const through = [writer("opensearch", "index-x", 0, 0), writer("elasticsearch", "replicate-x", 0, 0)];
  return {
    index: "millrace", kafka: null,
    serving: { index: "millrace", id: "0a1b2c3d4e5f", previous: "f5e4d3c2b1a0", sequence: 2, by: "maria", at },
    instances: both.map((instance) => ({ instance, current: true })),
    generations: [
      one("f5e4d3c2b1a0", "all-MiniLM-L6-v2", "built", { source: "reconcile", since: at - 900_000, previous: true, loaded: both, lacking: [], writers: through }),
      one("0a1b2c3d4e5f", "all-MiniLM-L6-v2", "built", { mapping: { version: 4, shards: 3 }, served: true, loaded: both, lacking: [], writers: through }),
      one("77aa88bb99cc", "multilingual-e5-small", "building", {
        source: "chunks", mapping: { version: 4, vectors: { elasticsearch: "int8_hnsw" } }, since: at + 3600,
        writers: [writer("embed", "embed-x", 412_733, 157_900, { rate: 210.4, left: 750 }), writer("opensearch", "index-y", 0, 0, { behind: 12 }), writer("elasticsearch", "replicate-y", 0, 0, { behind: 40 })],
      }),
      one("deadbeef0001", "<script>window.__run=1</script>", "failed", { reason: "replicate: the engine's disk is full <b>now</b>", writers: [writer("opensearch", "index-z", 1000, 10), writer("elasticsearch", "replicate-z", 1000, 990, { waits: 1 })] }),
    ],
  };
}

const BASE = "cd12".repeat(16);
const TUNED = "ab34".repeat(16);

/** What is served was trained here; a newer run goes on, others were refused or failed; documents drift. */
export function training() {
  const at = Date.UTC(2026, 9, 20, 8, 30) / 1000;
  const day = 86_400;
  const score = (set, mode, before, gain, width) => ({ set, mode, before, after: before + gain, gain, low: gain - width, high: gain + width });
  const model = (fingerprint, name, state, rest) => ({ fingerprint, name, state, reason: null, dimension: 384, served: false, generation: null, scores: [], ...rest });
  const run = (id, state, reached, rest) => ({ id, state, reached, stop: false, trainer: "local", base: BASE, data: "77ab01c2d3e4", reason: null, outcome: null, model: null, since: at, by: "train@host-4711-1764457200", ...rest });
  const measure = (name, reference, current, effect, counts_from, over = false) => ({ name, reference, current, effect, counts_from, over });
  const report = (n) => {
    const worse = 0.02 * n + 0.03 * Math.sin(n);
    const measures = [measure("own_opening", 0.93, 0.93 - worse, worse, 0.08, worse > 0.12), measure("tokens_per_word", 1.4, 1.4 + 0.02 * Math.cos(n), 0.014 * Math.cos(n), 0.1)];
    if (n % 3 > 0) measures.push(measure("abstentions", 0.06, 0.05, -0.01, 0.05));
    measures.push(measure("<b>of a later release</b>", 0.5, 0.52, 0.02, 0.1));
    const raised = n > 8 ? ["own_opening"] : [];
    return { until: at - (11 - n) * day, generation: n < 3 ? "f5e4d3c2b1a0" : "0a1b2c3d4e5f", measures, raised, signal: n === 9, held_back: n > 9 ? "a model was called for 1 day ago, and the next may be in 6 days" : null, text: n > 8 ? "Drift: passages found by their own opening: 71.0 % of 512, 93.0 % of 1024 in the reference. No model is trained yet: a model was called for 1 day ago." : "Nothing has been worse for long enough to count: 4 measures." };
  };
  return {
    index: "millrace", kafka: null,
    serving: { generation: "0a1b2c3d4e5f", name: "all-MiniLM-L6-v2, our words", model: TUNED, since: at, by: "maria", previous: { generation: "f5e4d3c2b1a0", name: "all-MiniLM-L6-v2", model: BASE } },
    models: [
      model(TUNED, "all-MiniLM-L6-v2, our words", "accepted", { served: true, generation: { id: "0a1b2c3d4e5f", state: "built" }, scores: [score("golden", "vector", 0.612, 0.0431, 0.0118), score("golden", "hybrid", 0.701, 0.0212, 0.009), score("scifact test", "vector", 0.645, -0.0021, 0.0049)] }),
      model("56cd".repeat(16), "all-MiniLM-L6-v2, newer words", "candidate", {}),
      model(BASE, "all-MiniLM-L6-v2", "accepted", { generation: { id: "f5e4d3c2b1a0", state: "built" } }),
      model("de78".repeat(16), "<script>window.__run=1</script>", "refused", { reason: "golden vector: nDCG@10 -0.0310 [-0.0440, -0.0182], worse, and not by chance", scores: [score("golden", "vector", 0.612, -0.031, 0.0129), { set: "scifact test", mode: "vector", before: null, after: 0.64, gain: null, low: null, high: null }] }),
    ],
    runs: [
      run("9e8d7c6b5a40", "judging", "judging", { base: TUNED, model: "56cd".repeat(16), reason: `asked by maria: new manuals, such as ${HOSTILE.slice(5)}` }),
      run("5c1d90ab3f27", "accepted", "judging", { model: TUNED, since: at - 2 * day, outcome: "accepted: golden vector: nDCG@10 +0.0431 [+0.0313, +0.0549], better; the interval has to begin above +0.005 (compared with cd12cd12cd12)" }),
      run("00c4e2d81b90", "refused", "judging", { model: "de78".repeat(16), since: at - 9 * day, outcome: "refused: golden vector: nDCG@10 -0.0310 [-0.0440, -0.0182], worse, and not by chance" }),
      run("17aa22bb33cc", "failed", "training", { trainer: "pai", since: at - 12 * day, outcome: "the trainer does not know the job dlc1m2n3o4p5 any more, and it left no output" }),
    ],
    drift: { reports: Array.from({ length: 12 }, (_, n) => report(n)), note: null },
  };
}
