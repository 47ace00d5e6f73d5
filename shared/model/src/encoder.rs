//! The interface of embedding backends: texts in, vectors out. Each kind is a file in `encoder/` and a line in
//! [`Backend::open`].
//!
//! To add a kind: a file in `encoder/` with `impl Encoder`, a variant of [`BackendKind`] and of [`Backend`] (the
//! compiler lists the missing lines), and a call of the suite in `tests/encoder.rs`.

mod check;
pub(crate) mod hashing;
pub(crate) mod onnx;
mod settings;
mod tokenise;

use std::future::Future;

use message::Fingerprint;

pub use self::settings::{BackendKind, BackendSettings, EncoderSettings, ExecutionProvider};
use crate::bundle::{Bundle, Role, space_of};
use crate::encoder::hashing::Hashing;
use crate::encoder::onnx::{Onnx, OpenOnnxError};
use crate::tokenizer::{TokenizeError, Tokenizer, TokenizerError};

/// The result for each of several texts, in order.
pub type TextVectors = Vec<Result<Vec<f32>, TextFault>>;

/// Turns texts into vectors.
pub trait Encoder: Send + Sync {
    /// The result for each of `texts`, in order; the model's prefix for `role` is put before each. A vector has
    /// [`Encoder::dimension`] finite numbers that are not all zero. All faulty texts are reported at once and do not
    /// affect the others; no text is ever truncated.
    ///
    /// Dropping the future is safe: work that no session has started is then never started.
    ///
    /// # Errors
    /// Failures that are not a text's fault; [`EncodeError::remedy`] says what to do.
    fn embed_each(
        &self,
        texts: Vec<String>,
        role: Role,
    ) -> impl Future<Output = Result<TextVectors, EncodeError>> + Send;

    /// The vectors of all `texts`, or an error.
    ///
    /// # Errors
    /// As [`Encoder::embed_each`], and [`EncodeError::Text`] for the first faulty text.
    fn embed(
        &self,
        texts: Vec<String>,
        role: Role,
    ) -> impl Future<Output = Result<Vec<Vec<f32>>, EncodeError>> + Send {
        async move {
            let each = self.embed_each(texts, role).await?.into_iter().enumerate();
            each.map(|(position, one)| one.map_err(|fault| EncodeError::Text { position, fault })).collect()
        }
    }

    /// Dimension of the vectors.
    fn dimension(&self) -> usize;

    /// The fingerprint of what computes the vectors. Only vectors with the same fingerprint may be compared.
    fn model_fingerprint(&self) -> Fingerprint;

    /// Number of tokens of `text` that stand for what the model's vocabulary does not hold; none where that is not known.
    fn unknown_tokens(&self, _text: &str) -> Option<usize> {
        None
    }

    /// The fingerprint of the space of these vectors, over passages cut by `chunking`.
    fn space(&self, chunking: &Fingerprint) -> Fingerprint {
        space_of(chunking, &self.model_fingerprint())
    }
}

/// Why a text has no vector, when the text itself is at fault: refuse it, the others go on.
#[derive(Debug, thiserror::Error)]
pub enum TextFault {
    /// It exceeds the model's token limit.
    #[error("the text has {tokens} tokens and the model takes {limit}: cut it into shorter passages")]
    TooLong {
        /// Its number of tokens, including special tokens and prefix.
        tokens: usize,
        /// The model's limit.
        limit: usize,
    },
    /// The tokenizer cannot process it.
    #[error("the text has no tokens")]
    Tokenize(#[source] TokenizeError),
    /// The model's vector for it is unusable.
    #[error("the text's vector {0}: leave the text out, or check the model with compose/model/check")]
    Vector(VectorProblem),
}

/// Why texts have no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// One text is at fault.
    #[error("text {position}: {fault}")]
    Text {
        /// Its index, from 0.
        position: usize,
        /// What is wrong with it.
        #[source]
        fault: TextFault,
    },
    /// The graph's output does not match the bundle.
    #[error(
        "the graph gave a tensor of shape {found:?} where bundle.json makes it {expected:?}: make the model bundle again"
    )]
    Shape {
        /// Expected shape: texts of the batch, dimension.
        expected: Vec<i64>,
        /// The actual shape.
        found: Vec<i64>,
    },
    /// The runtime failed on a batch: out of memory, or a lost device.
    #[error(
        "the runtime failed on a batch of {texts} texts of up to {width} tokens: lower --batch-tokens (MILLRACE_BATCH_TOKENS) if it \
         is out of memory"
    )]
    Run {
        /// Number of texts in the batch.
        texts: usize,
        /// Tokens of the longest text.
        width: usize,
        /// The runtime's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No batch was finished in a time that should suffice for many.
    #[error(
        "no batch was finished within {seconds} s: raise --encode-stall (MILLRACE_ENCODE_STALL) if this machine is slow"
    )]
    Stalled {
        /// The time waited, in seconds.
        seconds: u64,
    },
    /// The encoder's threads are gone.
    #[error("the encoder has stopped: start the process again")]
    Stopped,
}

/// What the caller does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeRemedy {
    /// Refuse the text; the others can be embedded without it.
    Refuse,
    /// Retry with half of the texts. A single text is retried, and then refused if others succeed.
    Split,
    /// Retry, and end the process if that does not help either.
    Retry,
    /// End the process: it cannot embed anything any more.
    Stop,
}

impl EncodeRemedy {
    /// A one-word name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Split => "split",
            Self::Retry => "retry",
            Self::Stop => "stop",
        }
    }
}

/// What is wrong with a vector.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum VectorProblem {
    /// It holds NaN or an infinity.
    #[error("is not finite")]
    NotFinite,
    /// All its numbers are zero, so it has no direction.
    #[error("is zero")]
    Zero,
    /// Its length is not 1, though the bundle says so.
    #[error("has the length {0} where bundle.json says 1 (normalise)")]
    NotUnit(f32),
}

impl EncodeError {
    /// What the caller should do.
    #[must_use]
    pub const fn remedy(&self) -> EncodeRemedy {
        match self {
            Self::Text { .. } => EncodeRemedy::Refuse,
            Self::Run { .. } => EncodeRemedy::Split,
            Self::Stalled { .. } => EncodeRemedy::Retry,
            Self::Shape { .. } | Self::Stopped => EncodeRemedy::Stop,
        }
    }
}

/// Why an encoder cannot be opened. A person must fix it.
#[derive(Debug, thiserror::Error)]
pub enum OpenEncoderError {
    /// The tokenizer.
    #[error("the encoder has no tokenizer")]
    Tokenizer(#[from] TokenizerError),
    /// The ONNX Runtime or the graph.
    #[error("the backend onnx cannot be opened")]
    Onnx(#[from] OpenOnnxError),
}

/// An encoder of any kind.
#[derive(Debug)]
pub enum Backend {
    /// The bundle's graph on ONNX Runtime.
    Onnx(Onnx),
    /// Hashed words: for tests and load tests.
    Hashing(Hashing),
}

impl Backend {
    /// Opens the backend that `settings` name, for the model in `bundle`. Blocks while the weights are loaded (about
    /// a second).
    ///
    /// # Errors
    /// When the tokenizer, the runtime or the graph cannot be used as requested. There is no fallback.
    pub fn open(bundle: &Bundle, settings: &EncoderSettings) -> Result<Self, OpenEncoderError> {
        let tokenizer = Tokenizer::open(bundle)?;
        Ok(match settings.backend.encoder {
            BackendKind::Onnx => Self::Onnx(Onnx::open(bundle, tokenizer, &settings.onnx)?),
            BackendKind::Hashing => {
                Self::Hashing(Hashing::of_bundle(bundle, tokenizer, settings.backend.hashing_dimension))
            }
        })
    }
}

impl Encoder for Backend {
    async fn embed_each(&self, texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
        match self {
            Self::Onnx(encoder) => encoder.embed_each(texts, role).await,
            Self::Hashing(encoder) => encoder.embed_each(texts, role).await,
        }
    }

    fn dimension(&self) -> usize {
        match self {
            Self::Onnx(encoder) => encoder.dimension(),
            Self::Hashing(encoder) => encoder.dimension(),
        }
    }

    fn model_fingerprint(&self) -> Fingerprint {
        match self {
            Self::Onnx(encoder) => encoder.model_fingerprint(),
            Self::Hashing(encoder) => encoder.model_fingerprint(),
        }
    }

    fn unknown_tokens(&self, text: &str) -> Option<usize> {
        match self {
            Self::Onnx(encoder) => encoder.unknown_tokens(text),
            Self::Hashing(encoder) => encoder.unknown_tokens(text),
        }
    }
}
