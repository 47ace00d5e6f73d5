#![expect(clippy::disallowed_macros, reason = "edge: the one place that names metrics")]
//! Every metric, named `millrace_<what>_<unit>[_total]`.

macro_rules! names {
    ($(#[$outer:meta])* $kind:ident { $($(#[doc = $doc:literal])* $variant:ident = $name:literal,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind { $($(#[doc = $doc])* $variant,)* }

        impl $kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the page of metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)*),)* }
            }
        }
    };
}

names! {
    /// What only goes up.
    Counter {
        /// Records that were handled and committed.
        RecordsDone = "millrace_records_done_total",
        /// Records that were refused to dead-letters.
        RecordsRefused = "millrace_records_refused_total",
        /// Waits of a partition for something that was not its record's fault.
        Retries = "millrace_retries_total",
        /// Object notices that change nothing (parts of uploads, tags, tests).
        NoticesIgnored = "millrace_notices_ignored_total",
        /// Objects that were read and found unchanged.
        DocumentsUnchanged = "millrace_documents_unchanged_total",
        /// Chunks that were written new.
        ChunksNew = "millrace_chunks_new_total",
        /// Chunks that were deleted.
        ChunksGone = "millrace_chunks_gone_total",
        /// Chunks that were embedded.
        ChunksEmbedded = "millrace_chunks_embedded_total",
        /// Calls of the encoder that failed, by what was done about it (label `remedy`: split, retry, refuse, stop).
        EncodeFailures = "millrace_encode_failures_total",
        /// Tokens that were embedded, padding not counted.
        TokensEmbedded = "millrace_tokens_embedded_total",
        /// Writes that an engine acknowledged.
        ItemsWritten = "millrace_items_written_total",
        /// Questions that were answered.
        Questions = "millrace_questions_total",
        /// Questions to applications, answered in sentences or not.
        Asked = "millrace_asked_total",
    }
}

names! {
    /// What is distributed.
    Histogram {
        /// Seconds of embedding one batch.
        EmbedSeconds = "millrace_embed_seconds",
        /// Seconds of one bulk write, retries included.
        WriteSeconds = "millrace_write_seconds",
        /// Seconds of answering one question.
        QuestionSeconds = "millrace_question_seconds",
        /// Seconds of answering one question in sentences, to the last of them.
        AnswerSeconds = "millrace_answer_seconds",
    }
}

names! {
    /// What goes up and down.
    Gauge {
        /// 1: which worker this is, and of which version (labels `worker`, `version`).
        Worker = "millrace_worker",
        /// 1 when the worker can do its work, 0 while it cannot (`/readyz` says why).
        Ready = "millrace_ready",
    }
}

names! {
    /// What tells apart the series of one metric. Few values each: never a key, a document or a cause.
    Label {
        /// The worker's name.
        Worker = "worker",
        /// The version of the program.
        Version = "version",
        /// What was done about a failure.
        Remedy = "remedy",
    }
}

/// Upper ends of the buckets of every histogram, in seconds: from an embedded question to a stalled batch.
pub(crate) const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

/// Adds to a counter.
pub fn count(counter: Counter, by: u64) {
    count_of(counter, &[], by);
}

/// Adds to the series of a counter that has these labels.
pub fn count_of(counter: Counter, labels: &[(Label, &str)], by: u64) {
    metrics::counter!(counter.name(), labels_of(labels)).increment(by);
}

/// Sets the series of a gauge that has these labels.
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
