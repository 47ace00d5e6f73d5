//! The seam of embedding backends: texts in, vectors out. One file per kind in `encoder/`; the registry is
//! [`Backend::open`], one line per kind.
//!
//! To add a kind: a file in `encoder/` with `impl Encoder`, a variant of [`BackendKind`] and of [`Backend`] (the
//! compiler names the lines that are missing), and a call of the suite in `tests/encoder.rs`.

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

/// What each of several texts gave, in their order.
pub type TextVectors = Vec<Result<Vec<f32>, TextFault>>;

/// Turns texts into vectors.
pub trait Encoder: Send + Sync {
    /// What each of `texts` gives, in their order; the model's prefix for `role` goes before each. A vector has
    /// [`Encoder::dimension`] finite numbers that are not all zero. All texts at fault are told at once, and cost the
    /// others nothing; no text is ever cut.
    ///
    /// Dropping the future is safe: work that no session has begun is then never begun.
    ///
    /// # Errors
    /// What is no text's own fault; [`EncodeError::remedy`] says what to do.
    fn embed_each(
        &self,
        texts: Vec<String>,
        role: Role,
    ) -> impl Future<Output = Result<TextVectors, EncodeError>> + Send;

    /// The vectors of `texts`: all of them or an error.
    ///
    /// # Errors
    /// As [`Encoder::embed_each`], and [`EncodeError::Text`] for the first text at fault.
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

    /// Numbers in a vector.
    fn dimension(&self) -> usize;

    /// The fingerprint of what makes the vectors. Two encoders with the same one may be compared, no others.
    fn model_fingerprint(&self) -> Fingerprint;

    /// The fingerprint of the space of these vectors over passages of `chunking`.
    fn space(&self, chunking: &Fingerprint) -> Fingerprint {
        space_of(chunking, &self.model_fingerprint())
    }
}

/// Why a text has no vector, when that is its own fault: refuse it, the others go on.
#[derive(Debug, thiserror::Error)]
pub enum TextFault {
    /// It is longer than the model takes.
    #[error("the text has {tokens} tokens and the model takes {limit}: cut it into shorter passages")]
    TooLong {
        /// Its tokens, special tokens and prefix included.
        tokens: usize,
        /// The model's limit.
        limit: usize,
    },
    /// The tokenizer cannot read it.
    #[error("the text has no tokens")]
    Tokenize(#[source] TokenizeError),
    /// The model's vector for it means nothing.
    #[error("the text's vector {0}: leave the text out, or check the model with compose/model/check")]
    Vector(VectorProblem),
}

/// Why texts have no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// One text is at fault.
    #[error("text {position}: {fault}")]
    Text {
        /// Which of the texts, from 0.
        position: usize,
        /// What is wrong with it.
        #[source]
        fault: TextFault,
    },
    /// The graph's output does not fit the bundle.
    #[error(
        "the graph gave a tensor of shape {found:?} where bundle.json makes it {expected:?}: make the model bundle again"
    )]
    Shape {
        /// Texts of the batch, and numbers in a vector.
        expected: Vec<i64>,
        /// What came.
        found: Vec<i64>,
    },
    /// The runtime failed on a batch: out of memory, a lost device.
    #[error(
        "the runtime failed on a batch of {texts} texts of up to {width} tokens: lower --batch-tokens (MILLRACE_BATCH_TOKENS) if it \
         is out of memory"
    )]
    Run {
        /// Texts of the batch.
        texts: usize,
        /// Tokens of the longest.
        width: usize,
        /// What the runtime says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No batch was finished for a time that should do for many.
    #[error(
        "no batch was finished within {seconds} s: raise --encode-stall (MILLRACE_ENCODE_STALL) if this machine is slow"
    )]
    Stalled {
        /// How long was waited.
        seconds: u64,
    },
    /// The encoder's threads are gone.
    #[error("the encoder has stopped: start the process again")]
    Stopped,
}

/// What the caller of an encoder does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeRemedy {
    /// Refuse the text; the others can be embedded without it.
    Refuse,
    /// Ask again with half of the texts; when there is only one, try it again and then refuse it, if others succeed.
    Split,
    /// Ask again, and end the process when that does not help either.
    Retry,
    /// End the process: it cannot embed anything any more.
    Stop,
}

impl EncodeRemedy {
    /// One word for it.
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

/// What can be wrong with a vector.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum VectorProblem {
    /// It holds NaN or an infinity.
    #[error("is not finite")]
    NotFinite,
    /// All its numbers are zero: it has no direction.
    #[error("is zero")]
    Zero,
    /// The bundle says that vectors are of length 1.
    #[error("has the length {0} where bundle.json says 1 (normalise)")]
    NotUnit(f32),
}

impl EncodeError {
    /// What the caller does about it.
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

/// Why an encoder cannot be opened. For a person to mend.
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
    /// Hashed words: for tests and load.
    Hashing(Hashing),
}

impl Backend {
    /// Opens the backend that `settings` name, for the model in `bundle`. Blocks for as long as the weights take to
    /// load (about a second).
    ///
    /// # Errors
    /// When the tokenizer, the runtime or the graph cannot be used as asked; nothing else is used in its place.
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
}
