//! The embedding model: what it is (bundle, fingerprint), how it counts (tokenizer), and what turns texts into
//! vectors (encoder); and what judges passages beside their question (reranker).
//!
//! Guarantees: a bundle is used only when the SHA-256 of each of its files is the one it states; a text is embedded
//! whole or refused, never truncated; vectors come back in the order of the texts, each of the stated dimension,
//! finite and not zero. Never: a download, a fall back to another model, library or device than the one asked for.
//!
//! In order of flow: `bundle` (edge: `bundle/files`) → `tokenizer` → `pack` (pure) → `encoder` and `reranker`
//! (seams; one file per kind, edges).

mod bundle;
mod encoder;
mod generation;
mod pack;
mod reranker;
mod tokenizer;

pub use bundle::{Bundle, BundleError, Manifest, ModelSettings, Prefixes, Role};
pub use encoder::hashing::Hashing;
pub use encoder::onnx::{Onnx, OnnxSettings, OpenOnnxError};
pub use encoder::{
    Backend, BackendKind, BackendSettings, EncodeError, EncodeRemedy, Encoder, EncoderSettings,
    ExecutionProvider, OpenEncoderError, TextFault, TextVectors, VectorProblem,
};
pub use generation::{ModelSplitter, chunking, generation, splitter};
pub use pack::{Batch, pack};
pub use reranker::{CrossEncoder, OpenRerankerError, Overlap, Rerank, Reranker};
pub use tokenizer::{TokenIds, TokenizeError, Tokenizer, TokenizerError};
