//! Arguments of `try`, which needs no server.

use std::path::{Path, PathBuf};

use clap::Args;
use model::{BackendSettings, ModelSettings, OnnxSettings};
use sandbox::SandboxSettings;
use serve::llm::LlmSettings;

/// `try`
#[derive(Args, Debug)]
pub struct Try {
    /// The folder whose files are searched. Names that begin with a dot are left out, and links are not followed.
    pub folder: PathBuf,
    /// Print an answer to this question, with its sources, and end; `-` for each line of standard input. May be repeated.
    #[arg(long = "ask", value_name = "QUESTION", allow_hyphen_values = true)]
    pub questions: Vec<String>,
    /// The page's port on 127.0.0.1; 0 for any that is free.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Let the page upload files into the folder and delete files of it; without this the folder is only read.
    #[arg(long)]
    pub writable: bool,
    /// Refuse a folder with more files: everything is kept in memory.
    #[arg(long, default_value_t = 5_000)]
    pub most_files: usize,
    /// Refuse a folder with more bytes.
    #[arg(long, default_value_t = 256 << 20)]
    pub most_bytes: u64,
    /// Larger files are refused: bytes.
    #[arg(long, env = "MILLRACE_LARGEST_DOCUMENT", default_value_t = 64 << 20)]
    pub largest_document: u64,
    /// Where `compose/install` puts model and runtime, which are taken from there unless they are named.
    #[arg(long, env = "MILLRACE_HOME", value_name = "DIR", default_value = "/var/tmp/millrace")]
    pub home: PathBuf,
    /// The folder of the model bundle, if it is not the one that `compose/install model` makes.
    #[arg(long, env = "MILLRACE_MODEL", value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Which encoder; `hashing` needs no model, and knows words only.
    #[command(flatten)]
    pub backend: BackendSettings,
    /// How the model is run.
    #[command(flatten)]
    pub onnx: OnnxSettings,
    /// What reading a document may cost.
    #[command(flatten)]
    pub sandbox: SandboxSettings,
    /// Who writes answers.
    #[command(flatten)]
    pub llm: LlmSettings,
}

impl Try {
    /// The model that is named, or else the one that `compose/install model` makes.
    #[must_use]
    pub fn model(&self) -> ModelSettings {
        let made = || self.home.join("dist/models/all-MiniLM-L6-v2");
        ModelSettings { model: self.model.clone().unwrap_or_else(made), overlap_tokens: 0 }
    }

    /// How the model is run: with the runtime that is named, or else the installed one.
    #[must_use]
    pub fn onnx(&self) -> OnnxSettings {
        let installed = || self.home.join("dist/onnxruntime/libonnxruntime.so");
        let onnxruntime = Some(self.onnx.onnxruntime.clone().unwrap_or_else(installed));
        OnnxSettings { onnxruntime, ..self.onnx.clone() }
    }

    /// The bucket's name: the folder's, so that sources have the names under which users know them.
    #[must_use]
    pub fn bucket(&self) -> String {
        let named = self.folder.canonicalize().ok();
        let name = named.as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        if name.is_empty() { "folder".to_owned() } else { name.into_owned() }
    }
}
