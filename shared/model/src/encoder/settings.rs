//! The settings of the encoder; the doc comments are the user's documentation.

use std::num::NonZeroUsize;

use super::onnx::OnnxSettings;

/// How texts are embedded.
#[derive(Clone, Debug, clap::Args)]
pub struct EncoderSettings {
    /// The kind of encoder.
    #[command(flatten)]
    pub backend: BackendSettings,
    /// The settings of the encoder `onnx`.
    #[command(flatten)]
    pub onnx: OnnxSettings,
}

/// The kind of encoder: it decides the vector space, and so the names of topics and indexes.
#[derive(Clone, Debug, clap::Args)]
pub struct BackendSettings {
    /// What computes the vectors.
    #[arg(long, env = "MILLRACE_ENCODER", value_enum, default_value_t = BackendKind::Onnx)]
    pub encoder: BackendKind,
    /// Dimension of the vectors of the encoder `hashing`; by default the model bundle's.
    #[arg(long, env = "MILLRACE_HASHING_DIMENSION", value_name = "NUMBERS")]
    pub hashing_dimension: Option<NonZeroUsize>,
}

/// The kinds of encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BackendKind {
    /// The model bundle's graph on ONNX Runtime.
    Onnx,
    /// Hashed words instead of a model: fast, the same everywhere, without meaning. For tests and load tests.
    Hashing,
}

/// The device that runs the graph. It is used or the program does not start; there is no fallback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExecutionProvider {
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU through CUDA. Needs the GPU build of ONNX Runtime, CUDA and cuDNN.
    Cuda,
    /// An NVIDIA GPU through `TensorRT`, with CUDA for the rest. Needs everything that `cuda` needs, and `TensorRT`.
    Tensorrt,
}
