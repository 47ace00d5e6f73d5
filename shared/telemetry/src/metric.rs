#![expect(clippy::disallowed_macros, reason = "edge: the one place that names metrics")]
//! All metrics, named `millrace_<what>_<unit>[_total]`.

macro_rules! names {
    ($(#[$outer:meta])* $kind:ident { $($(#[doc = $doc:literal])* $variant:ident = $name:literal,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind { $($(#[doc = $doc])* $variant,)* }

        impl $kind {
            /// All variants.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the metrics page.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The description.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)*),)* }
            }
        }
    };
}

names! {
    /// Metrics that only increase.
    Counter {
        /// Records processed and committed.
        RecordsDone = "millrace_records_done_total",
        /// Records refused, that is, written to dead-letters.
        RecordsRefused = "millrace_records_refused_total",
        /// Retries of a partition for a reason other than its record.
        Retries = "millrace_retries_total",
        /// Object notices ignored because they change nothing (upload parts, tags, test messages).
        NoticesIgnored = "millrace_notices_ignored_total",
        /// Objects read and found unchanged.
        DocumentsUnchanged = "millrace_documents_unchanged_total",
        /// References passed over because a later one of their batch asked for the same.
        ReferencesRepeated = "millrace_references_repeated_total",
        /// New chunks written.
        ChunksNew = "millrace_chunks_new_total",
        /// Chunks deleted.
        ChunksGone = "millrace_chunks_gone_total",
        /// Chunks embedded.
        ChunksEmbedded = "millrace_chunks_embedded_total",
        /// Failed encoder calls by reaction (label `remedy`: split, retry, refuse, stop).
        EncodeFailures = "millrace_encode_failures_total",
        /// Tokens embedded, excluding padding.
        TokensEmbedded = "millrace_tokens_embedded_total",
        /// Writes acknowledged by an engine.
        ItemsWritten = "millrace_items_written_total",
        /// Search questions answered.
        Questions = "millrace_questions_total",
        /// Questions to applications, whether or not answered in sentences.
        Asked = "millrace_asked_total",
        /// Training runs that ended (label `state`: accepted, refused, failed, stopped).
        TrainingRunsEnded = "millrace_training_runs_ended_total",
    }
}

names! {
    /// Distributions.
    Histogram {
        /// Time to embed one batch, in seconds.
        EmbedSeconds = "millrace_embed_seconds",
        /// Time of one bulk write including retries, in seconds.
        WriteSeconds = "millrace_write_seconds",
        /// Time to answer one search question, in seconds.
        QuestionSeconds = "millrace_question_seconds",
        /// Time to answer one question in sentences, to the last sentence, in seconds.
        AnswerSeconds = "millrace_answer_seconds",
    }
}

names! {
    /// Metrics that go up and down.
    Gauge {
        /// Always 1; identifies the worker and its version (labels `worker`, `version`).
        Worker = "millrace_worker",
        /// 1 while the worker is ready, 0 while it is not (`/readyz` says why).
        Ready = "millrace_ready",
        /// 1 for the state of the newest training run that this process conducts, 0 for the others (label `state`: planned, submitting, training, trained, judging, accepted, refused, failed, stopped).
        TrainingRun = "millrace_training_run",
    }
}

names! {
    /// Labels that distinguish the series of a metric. Each has few values: never a key, a document or a cause.
    Label {
        /// The worker's name.
        Worker = "worker",
        /// The version of the program.
        Version = "version",
        /// The reaction to a failure.
        Remedy = "remedy",
        /// How far a training run is.
        State = "state",
    }
}

/// Upper bounds of the buckets of all histograms, in seconds: from one embedded question to a stalled batch.
pub(crate) const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

/// Increments a counter.
pub fn count(counter: Counter, by: u64) {
    count_of(counter, &[], by);
}

/// Increments the series of a counter with these labels.
pub fn count_of(counter: Counter, labels: &[(Label, &str)], by: u64) {
    metrics::counter!(counter.name(), labels_of(labels)).increment(by);
}

/// Sets the series of a gauge with these labels.
pub fn set(gauge: Gauge, labels: &[(Label, &str)], value: f64) {
    metrics::gauge!(gauge.name(), labels_of(labels)).set(value);
}

fn labels_of(labels: &[(Label, &str)]) -> Vec<metrics::Label> {
    labels.iter().map(|(label, value)| metrics::Label::new(label.name(), (*value).to_owned())).collect()
}

/// Records a value.
pub fn observe(histogram: Histogram, value: f64) {
    metrics::histogram!(histogram.name()).record(value);
}

pub(crate) fn describe() {
    for counter in Counter::ALL {
        metrics::describe_counter!(counter.name(), counter.help());
    }
    for gauge in Gauge::ALL {
        metrics::describe_gauge!(gauge.name(), gauge.help());
    }
    for histogram in Histogram::ALL {
        metrics::describe_histogram!(histogram.name(), histogram.help());
    }
}
