// What the HTTP contract says, as types. What it marks with "?" may be absent here too.

export type Role = "read" | "write" | "admin";

export interface Me {
  key: string | null;
  role: Role;
  prefixes: string[];
  open: boolean;
  /** Null while nothing is served. */
  model: string | null;
  index: string;
  bucket: string | null;
  applications: string[];
  /** Whether answers can be judged. */
  feedback?: boolean;
  version: string;
}

export interface Part {
  kind: "page" | "slide" | "sheet" | "member";
  number: number;
  name?: string;
}

export interface Place {
  start: number;
  end: number;
  ordinal: number;
  part?: Part;
}

export type Mode = "keyword" | "vector" | "hybrid";

export interface Piece {
  text: string;
  hit: boolean;
}

export interface Hit {
  id: string;
  document: string;
  heading_path: string[];
  text: string;
  score: number;
  keyword_rank?: number;
  keyword_score?: number;
  vector_rank?: number;
  vector_score?: number;
  language?: string;
  format?: string;
  modified?: string;
  highlights?: Piece[];
  title?: string;
  place?: Place;
  copies?: string[];
}

export interface SearchAnswer {
  query: string;
  mode: Mode;
  fusion?: string;
  space: string;
  generation: string;
  took_ms: number;
  timing?: { embed_ms?: number; engine_ms?: number; fuse_ms?: number; place_ms?: number };
  hits: Hit[];
}

/** The filters that search and ask have in common. */
export interface Filters {
  prefix?: string;
  language?: string;
  format?: string;
  since?: string;
}

/** One turn of a conversation so far. */
export interface Said {
  role: "user" | "assistant";
  content: string;
}

export interface Question extends Filters {
  question: string;
  application?: string;
}

export interface Citation {
  number: number;
  id: string;
  document: string;
  title?: string;
  heading_path: string[];
  part?: Part;
  start?: number;
  end?: number;
  text: string;
  score: number;
}

export interface PassageCounts {
  found: number;
  given: number;
  left_out: number;
}

export interface Sources {
  /** The answer's name, by which it can be judged. */
  id?: string;
  citations: Citation[];
  passages: PassageCounts;
  /** What was searched, where the question followed up another. */
  condensed?: string;
}

export interface Answer extends Sources {
  answer: string;
  found: boolean;
  /** The best passages, where none answers. */
  closest?: Citation[];
  /** What a reader should know of how it was found. */
  notes?: string[];
  /** How much was masked before the model got it, where that is wanted. */
  masked?: number;
  invented_citations: number;
  model: string;
  application: string;
  space: string;
  generation: string;
  finish_reason: "stop" | "length" | "content_filter";
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  took_ms: number;
}

/** "none" takes back what was thought before. */
export type Judgement = "up" | "down" | "none";

/** What somebody thinks of an answer, or of a passage that it showed. */
export interface Feedback {
  answer: string;
  passage?: string;
  judgement: Judgement;
  reason?: string;
}

export type DocumentState = "live" | "empty" | "refused" | "waiting" | "removed";

export interface DocumentRow {
  document: string;
  key: string;
  state: DocumentState;
  title?: string;
  format?: string;
  language?: string;
  size: number;
  modified?: string;
  chunks: number;
  cause?: string;
  left_out?: { name: string; cause: string }[];
}

export interface DocumentPage {
  documents: DocumentRow[];
  after: string | null;
}

export interface Passage {
  id: string;
  heading_path: string[];
  text: string;
  start: number;
  end: number;
  part?: Part;
}

export interface WholeDocument extends DocumentRow {
  parts?: (Part & { start: number })[];
  passages: Passage[];
}

export interface Pipeline {
  generation: { id: string; space: string; model: string; index: string; dimension: number };
  topics: { topic: string; group: string; lag: number; end: number }[];
  throughput: { topic: string; per_second: number }[];
  dead_letters: { count: number; latest: { document: string; stage: string; cause: string; at?: string }[] };
  engine: { kind: string; chunks: number; documents: number };
}

export type BuildState = "building" | "paused" | "built" | "failed" | "retiring";

/** How far one writer of a generation is. `rate` and `left` are missing while nothing moves, and while too few looks tell. */
export interface WriterFill {
  writer: string;
  group: string;
  whole: number;
  missing: number;
  behind: number;
  waits: number;
  rate?: number;
  left?: number;
}

export interface Generation {
  id: string;
  model: string;
  dimension: number;
  mapping: { version: number; shards?: number; replicas?: number; vectors?: Record<string, string>; instance?: number };
  source: "vectors" | "chunks" | "reconcile";
  state: BuildState;
  /** Seconds since 1970. */
  since: number;
  by: string;
  reason: string | null;
  served: boolean;
  previous: boolean;
  loaded: string[];
  lacking: string[];
  writers: WriterFill[];
  trouble: string | null;
}

export interface GenerationList {
  index: string;
  serving: { id: string; previous?: string; sequence: number; by: string; at: number } | null;
  generations: Generation[];
  instances: { instance: string; current: boolean }[];
  kafka: string | null;
}

export type GenerationChange = "promote" | "pause" | "resume";

export type ModelState = "candidate" | "accepted" | "refused" | "retired";

/** nDCG@10 of one set of questions, beside the model that it was compared with. */
export interface ProvenScore {
  set: string;
  mode: Mode;
  before: number | null;
  after: number;
  gain: number | null;
  /** The gain's 95 % interval. */
  low: number | null;
  high: number | null;
}

export interface Model {
  fingerprint: string;
  name: string;
  state: ModelState;
  reason: string | null;
  dimension: number;
  served: boolean;
  /** Of the generations that were begun with it, the one that is furthest. */
  generation: { id: string; state: BuildState | "retired" } | null;
  scores: ProvenScore[];
}

export type RunStep = "planned" | "submitting" | "training" | "trained" | "judging";
export type RunState = RunStep | "accepted" | "refused" | "failed" | "stopped";

export interface TrainingRun {
  id: string;
  state: RunState;
  /** Where it stopped, if it came to nothing. */
  reached: RunStep;
  stop: boolean;
  trainer: string;
  base: string;
  data: string | null;
  reason: string | null;
  outcome: string | null;
  model: string | null;
  /** Seconds since 1970. */
  since: number;
  by: string;
}

export interface DriftMeasurement {
  name: string;
  reference: number;
  current: number;
  /** How much worse it is. */
  effect: number;
  /** The effect from which on it counts. */
  counts_from: number;
  over: boolean;
}

export interface DriftReport {
  /** Seconds since 1970. */
  until: number;
  generation: string;
  measures: DriftMeasurement[];
  /** The measures that have been worse for long enough to count. */
  raised: string[];
  signal: boolean;
  held_back: string | null;
  text: string;
}

/** A generation and its model, where the registry still knows it. */
export interface NamedGeneration {
  generation: string;
  name: string | null;
  model: string | null;
}

export interface Training {
  index: string;
  serving: (NamedGeneration & { since: number; by: string; previous: NamedGeneration | null }) | null;
  models: Model[];
  /** One that has not ended, then the newest first. */
  runs: TrainingRun[];
  /** Oldest first. */
  drift: { reports: DriftReport[]; note: string | null };
  kafka: string | null;
}
