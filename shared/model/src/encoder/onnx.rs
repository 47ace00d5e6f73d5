//! The encoder `onnx`: the bundle's graph on ONNX Runtime.
//!
//! A call's texts are tokenized and go through the sessions (`onnx/sessions.rs`); every vector is checked. The edges are
//! `onnx/runtime.rs` (the library), `onnx/graph.rs` (one session) and `onnx/pool.rs` (the threads). Never falls back to
//! another device.

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
    /// The ONNX Runtime library: the path of libonnxruntime.so, version 1.24 or later.
    #[arg(long, env = "MILLRACE_ONNXRUNTIME", value_name = "FILE")]
    pub onnxruntime: Option<PathBuf>,
    /// What the graph runs on. What is asked for is used or refused.
    #[arg(long, env = "MILLRACE_EXECUTION_PROVIDER", value_enum, default_value_t = ExecutionProvider::Cpu)]
    pub execution_provider: ExecutionProvider,
    /// Sessions: threads that each run the graph on one core with a copy of the weights of their own. As many as there
    /// are cores, if not given; on a GPU, 1.
    #[arg(long, env = "MILLRACE_SESSIONS", value_name = "NUMBER")]
    pub sessions: Option<NonZeroUsize>,
    /// Tokens of a batch at most, padding included. Small batches of texts of like length are fastest on a processor;
    /// on a GPU take 16384 or more.
    #[arg(long, env = "MILLRACE_BATCH_TOKENS", value_name = "TOKENS", default_value = "512")]
    pub batch_tokens: NonZeroUsize,
    /// Tokens, padding included, that may wait for the sessions (24 bytes each); callers wait when there are more.
    #[arg(long, env = "MILLRACE_QUEUE_TOKENS", value_name = "TOKENS", default_value = "65536")]
    pub queue_tokens: NonZeroUsize,
    /// Seconds without a finished batch after which a call fails.
    #[arg(long, env = "MILLRACE_ENCODE_STALL", value_name = "SECONDS", default_value = "120")]
    pub encode_stall: NonZeroUsize,
}

/// Why the runtime or the graph cannot be used. For a person to mend.
#[derive(Debug, thiserror::Error)]
pub enum OpenOnnxError {
    /// No library was named.
    #[error(
        "the encoder onnx needs the ONNX Runtime library: set --onnxruntime (MILLRACE_ONNXRUNTIME) to the path of libonnxruntime.so, which compose/install puts under dist/onnxruntime"
    )]
    NoLibrary,
    /// There is no file at the path.
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
        /// The least minor version.
        needed: u32,
    },
    /// It is no such library, or one that this machine cannot load.
    #[error(
        "the ONNX Runtime library {library} cannot be loaded ({problem}): check --onnxruntime (MILLRACE_ONNXRUNTIME)"
    )]
    Load {
        /// The path.
        library: PathBuf,
        /// What the loader says.
        problem: String,
    },
    /// A process has one runtime.
    #[error(
        "this process has loaded the ONNX Runtime library {loaded} and cannot load {library} as well: use the same one for each model"
    )]
    AnotherLoaded {
        /// The one in use.
        loaded: PathBuf,
        /// The one that was asked for.
        library: PathBuf,
    },
    /// The library has no such execution provider.
    #[error(
        "the ONNX Runtime library was built without {provider:?}: install the build for GPUs (onnxruntime-gpu), or set --execution-provider (MILLRACE_EXECUTION_PROVIDER) to cpu"
    )]
    NoProvider {
        /// What was asked for.
        provider: ExecutionProvider,
    },
    /// The execution provider does not work here.
    #[error(
        "the execution provider {provider:?} does not start on this machine: check the driver and the CUDA, cuDNN and TensorRT libraries, or set --execution-provider (MILLRACE_EXECUTION_PROVIDER) to cpu"
    )]
    Provider {
        /// What was asked for.
        provider: ExecutionProvider,
        /// What the runtime says.
        source: ort::Error,
    },
    /// The runtime cannot do something that it should.
    #[error("ONNX Runtime fails: {operation}")]
    Runtime {
        /// What was asked of it.
        operation: &'static str,
        /// What it says.
        source: ort::Error,
    },
    /// The graph cannot be loaded.
    #[error(
        "the graph {graph} cannot be loaded: make the model bundle again for this version of ONNX Runtime"
    )]
    Graph {
        /// The path.
        graph: PathBuf,
        /// What the runtime says.
        source: ort::Error,
    },
    /// The graph is not one that this encoder runs.
    #[error("the graph {graph} cannot be used: {problem}")]
    Signature {
        /// The path.
        graph: PathBuf,
        /// Its input or output, and what it should be.
        problem: String,
    },
    /// No thread could be started.
    #[error("the system gives no thread for a session: lower --sessions (MILLRACE_SESSIONS)")]
    Thread(#[source] std::io::Error),
}

/// The encoder `onnx`. Dropping it waits for the batches that its sessions have begun.
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
    /// Opens the graph of `bundle` as many times as there are sessions. Blocks while the weights are loaded.
    ///
    /// # Errors
    /// When the library, the execution provider or the graph cannot be used as asked.
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
}
