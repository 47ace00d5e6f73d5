//! The settings of the encoder; each doc comment is the user's documentation.

use std::num::NonZeroUsize;

use super::onnx::OnnxSettings;

/// How texts become vectors.
#[derive(Clone, Debug, clap::Args)]
pub struct EncoderSettings {
    /// What computes the vectors.
    #[command(flatten)]
    pub backend: BackendSettings,
    /// The settings of the encoder `onnx`.
    #[command(flatten)]
    pub onnx: OnnxSettings,
}

/// What computes the vectors: decides their space, and so the names of topics and indexes.
#[derive(Clone, Debug, clap::Args)]
pub struct BackendSettings {
    /// What computes the vectors.
    #[arg(long, env = "MILLRACE_ENCODER", value_enum, default_value_t = BackendKind::Onnx)]
    pub encoder: BackendKind,
    /// Numbers in a vector of the encoder `hashing`; the model bundle's dimension if not given.
    #[arg(long, env = "MILLRACE_HASHING_DIMENSION", value_name = "NUMBERS")]
    pub hashing_dimension: Option<NonZeroUsize>,
}

/// The kinds of encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BackendKind {
    /// The model bundle's graph on ONNX Runtime.
    Onnx,
    /// Hashed words instead of a model: fast, the same everywhere, without meaning. For tests and load.
    Hashing,
}

/// What the graph runs on. What is asked for is used or refused; nothing falls back to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExecutionProvider {
    /// The processor.
    Cpu,
    /// An NVIDIA GPU by CUDA. Needs the GPU build of ONNX Runtime, CUDA and cuDNN.
    Cuda,
    /// An NVIDIA GPU by its inference compiler, with CUDA for the rest. Needs all that `cuda` needs, and its libraries.
    Tensorrt,
}
