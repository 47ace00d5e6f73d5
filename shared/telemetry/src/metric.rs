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

            /// The name on the metrics page.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it counts.
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

/// Adds to a counter.
pub fn count(counter: Counter, by: u64) {
    metrics::counter!(counter.name()).increment(by);
}

/// Records a value.
pub fn observe(histogram: Histogram, value: f64) {
    metrics::histogram!(histogram.name()).record(value);
}

pub(crate) fn describe() {
    for counter in Counter::ALL {
        metrics::describe_counter!(counter.name(), counter.help());
    }
    for histogram in Histogram::ALL {
        metrics::describe_histogram!(histogram.name(), histogram.help());
    }
}
