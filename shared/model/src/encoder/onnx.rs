//! The encoder `onnx`: the bundle's graph on ONNX Runtime.
//!
//! Texts are tokenized and sent through the sessions (`onnx/sessions.rs`); every vector is checked. The edges are
//! `onnx/runtime.rs` (the library), `onnx/graph.rs` (one session) and `onnx/pool.rs` (the threads). Never falls back
//! to another device.

mod graph;
mod pool;
mod runtime;
mod sessions;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use message::Fingerprint;

pub(crate) use self::sessions::Sessions;
use super::check::checked;
use super::tokenise::tokenise;
use super::{EncodeError, Encoder, ExecutionProvider, TextFault, TextVectors};
use crate::bundle::{Bundle, Role};
use crate::tokenizer::Tokenizer;

/// The settings of the encoder `onnx`.
#[derive(Clone, Debug, clap::Args)]
pub struct OnnxSettings {
    /// Path of the ONNX Runtime library (libonnxruntime.so), version 1.24 or later.
    #[arg(long, env = "MILLRACE_ONNXRUNTIME", value_name = "FILE")]
    pub onnxruntime: Option<PathBuf>,
    /// Device that runs the graph. There is no fallback to another one.
    #[arg(long, env = "MILLRACE_EXECUTION_PROVIDER", value_enum, default_value_t = ExecutionProvider::Cpu)]
    pub execution_provider: ExecutionProvider,
    /// Number of sessions: threads that each run the graph on one core with their own copy of the weights. Default:
    /// one per core; on a GPU, 1.
    #[arg(long, env = "MILLRACE_SESSIONS", value_name = "NUMBER")]
    pub sessions: Option<NonZeroUsize>,
    /// Maximum number of tokens in a batch, including padding. On a CPU, small batches of texts of similar length are
    /// fastest; on a GPU use 16384 or more.
    #[arg(long, env = "MILLRACE_BATCH_TOKENS", value_name = "TOKENS", default_value = "512")]
    pub batch_tokens: NonZeroUsize,
    /// Maximum number of tokens, including padding, that wait for the sessions (24 bytes each); beyond it callers
    /// wait.
    #[arg(long, env = "MILLRACE_QUEUE_TOKENS", value_name = "TOKENS", default_value = "65536")]
    pub queue_tokens: NonZeroUsize,
    /// Seconds without a finished batch after which a call fails.
    #[arg(long, env = "MILLRACE_ENCODE_STALL", value_name = "SECONDS", default_value = "120")]
    pub encode_stall: NonZeroUsize,
}

/// Why the runtime or the graph cannot be used. A person must fix it.
#[derive(Debug, thiserror::Error)]
pub enum OpenOnnxError {
    /// No library is configured.
    #[error(
        "the encoder onnx needs the ONNX Runtime library: set --onnxruntime (MILLRACE_ONNXRUNTIME) to the path of libonnxruntime.so, which compose/install puts under dist/onnxruntime"
    )]
    NoLibrary,
    /// No file exists at the path.
    #[error("the ONNX Runtime library {library} is not a file: check --onnxruntime (MILLRACE_ONNXRUNTIME)")]
    Missing {
        /// The path.
        library: PathBuf,
    },
    /// It is too old.
    #[error(
        "the ONNX Runtime library {library} is version {found}, and at least 1.{needed} is needed: install a later one"
    )]
    TooOld {
        /// The path.
        library: PathBuf,
        /// Its version.
        found: String,
        /// The required minor version.
        needed: u32,
    },
    /// The file is not an ONNX Runtime library, or cannot be loaded on this machine.
    #[error(
        "the ONNX Runtime library {library} cannot be loaded ({problem}): check --onnxruntime (MILLRACE_ONNXRUNTIME)"
    )]
    Load {
        /// The path.
        library: PathBuf,
        /// The loader's error.
        problem: String,
    },
    /// A process can load only one runtime.
    #[error(
        "this process has loaded the ONNX Runtime library {loaded} and cannot load {library} as well: use the same one for each model"
    )]
    AnotherLoaded {
        /// The one loaded.
        loaded: PathBuf,
        /// The one requested.
        library: PathBuf,
    },
    /// The library was built without this execution provider.
    #[error(
        "the ONNX Runtime library was built without {provider:?}: install the build for GPUs (onnxruntime-gpu), or set --execution-provider (MILLRACE_EXECUTION_PROVIDER) to cpu"
    )]
    NoProvider {
        /// The one requested.
        provider: ExecutionProvider,
    },
    /// The execution provider does not start on this machine.
    #[error(
        "the execution provider {provider:?} does not start on this machine: check the driver and the CUDA, cuDNN and TensorRT libraries, or set --execution-provider (MILLRACE_EXECUTION_PROVIDER) to cpu"
    )]
    Provider {
        /// The one requested.
        provider: ExecutionProvider,
        /// The runtime's error.
        source: ort::Error,
    },
    /// An operation of the runtime failed.
    #[error("ONNX Runtime fails: {operation}")]
    Runtime {
        /// The operation.
        operation: &'static str,
        /// The runtime's error.
        source: ort::Error,
    },
    /// The graph cannot be loaded.
    #[error(
        "the graph {graph} cannot be loaded: make the model bundle again for this version of ONNX Runtime"
    )]
    Graph {
        /// The path.
        graph: PathBuf,
        /// The runtime's error.
        source: ort::Error,
    },
    /// The graph's inputs or outputs are unsuitable.
    #[error("the graph {graph} cannot be used: {problem}")]
    Signature {
        /// The path.
        graph: PathBuf,
        /// The input or output, and what it should be.
        problem: String,
    },
    /// No thread could be started.
    #[error("the system gives no thread for a session: lower --sessions (MILLRACE_SESSIONS)")]
    Thread(#[source] std::io::Error),
}

/// The encoder `onnx`. Dropping it waits for the batches that are running.
#[derive(Debug)]
pub struct Onnx {
    tokenizer: Tokenizer,
    sessions: Sessions,
    fingerprint: Fingerprint,
    dimension: usize,
    max_tokens: usize,
    unit: bool,
}

impl Onnx {
    /// Loads the graph of `bundle` once per session; blocks meanwhile.
    ///
    /// # Errors
    /// When the library, the execution provider or the graph cannot be used as requested.
    pub fn open(
        bundle: &Bundle,
        tokenizer: Tokenizer,
        settings: &OnnxSettings,
    ) -> Result<Self, OpenOnnxError> {
        Ok(Self {
            sessions: Sessions::open(bundle, tokenizer.padding(), settings)?,
            tokenizer,
            fingerprint: bundle.model_fingerprint(),
            dimension: bundle.dimension(),
            max_tokens: bundle.max_tokens(),
            unit: bundle.manifest().normalise,
        })
    }
}

impl Encoder for Onnx {
    async fn embed_each(&self, texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
        let mut whole = Vec::with_capacity(texts.len());
        let read = tokenise(&self.tokenizer, self.max_tokens, texts, role).await?;
        let each: Vec<Result<(), TextFault>> =
            read.into_iter().map(|(_, tokens)| tokens.map(|tokens| whole.push(tokens))).collect();
        let mut vectors = self.sessions.run(whole).await?.into_iter();
        let vector = |one: Result<(), TextFault>| {
            one.and_then(|()| checked(vectors.next().unwrap_or_default(), self.unit))
        };
        Ok(each.into_iter().map(vector).collect())
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn model_fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    fn unknown_tokens(&self, text: &str) -> Option<usize> {
        self.tokenizer.unknown(text)
    }
}
