//! The model: what it is (bundle, fingerprint), how it counts (tokenizer), what turns texts into vectors (encoder),
//! and what judges passages against a question (reranker).
//!
//! Guarantees: a bundle is used only when every file has the stated SHA-256; a text is embedded whole or rejected,
//! never truncated; vectors come back in the order of the texts, each finite, not zero, and of the stated dimension.
//! Never: a download, or a fallback to another model, library or device than the one requested.
//!
//! In order of the data flow: `bundle` (edge: `bundle/files`) → `tokenizer` → `pack` (pure) → `encoder` and
//! `reranker` (interfaces; one file per kind, edges).

mod bundle;
mod encoder;
mod generation;
mod pack;
mod reranker;
mod tokenizer;

pub use bundle::{
    Bundle, BundleError, DescribedBundle, FurtherModels, Manifest, ModelSettings, Prefixes, Role, file_digest,
};
pub use encoder::hashing::Hashing;
pub use encoder::onnx::{Onnx, OnnxSettings, OpenOnnxError};
pub use encoder::{
    Backend, BackendKind, BackendSettings, EncodeError, EncodeRemedy, Encoder, EncoderSettings,
    ExecutionProvider, OpenEncoderError, TextFault, TextVectors, VectorProblem,
};
pub use generation::{ModelSplitter, chunking, fits, generation, generation_over, splitter};
pub use pack::{Batch, pack};
pub use reranker::{CrossEncoder, OpenRerankerError, Overlap, Rerank, Reranker};
pub use tokenizer::{TokenIds, TokenizeError, Tokenizer, TokenizerError};
