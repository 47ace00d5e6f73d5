//! Loads the ONNX Runtime library, once per process, only from the configured path.
//!
//! Edge. A missing, outdated or wrong library gives an error, not a panic.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::LoadDynamicError;
use ort::environment::Environment;
use ort::logging::LogLevel;

use super::OpenOnnxError;

struct Runtime {
    library: PathBuf,
    environment: Environment,
}

/// ONNX Runtime has one library and one environment per process, and the environment must outlive every session.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// The environment of `library`, loading it on first use.
pub(super) fn load(library: Option<&Path>) -> Result<Environment, OpenOnnxError> {
    let library = library.ok_or(OpenOnnxError::NoLibrary)?;
    // Resolved, because a relative path would be looked up beside the executable first, and because a link and its
    // target are the same library.
    let library = match library.canonicalize() {
        Ok(file) if file.is_file() => file,
        _ => return Err(OpenOnnxError::Missing { library: library.to_path_buf() }),
    };
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = runtime.as_ref() {
        return if loaded.library == library {
            Ok(loaded.environment.clone())
        } else {
            Err(OpenOnnxError::AnotherLoaded { loaded: loaded.library.clone(), library })
        };
    }
    // Checks the version first: any other call into an old library would panic.
    let builder = ort::init_from(&library).map_err(|error| load_error(&library, error))?;
    let environment = builder
        .with_name("millrace")
        .with_telemetry(false)
        .build()
        .map_err(|source| OpenOnnxError::Runtime { operation: "create an environment", source })?;
    environment.set_log_level(LogLevel::Warning);
    tracing::info!(library = %library.display(), build = ort::info(), "onnxruntime loaded");
    *runtime = Some(Runtime { library, environment: environment.clone() });
    Ok(environment)
}

fn load_error(library: &Path, error: LoadDynamicError) -> OpenOnnxError {
    let library = library.to_path_buf();
    match error {
        LoadDynamicError::BadVersion { version_str, .. } => {
            OpenOnnxError::TooOld { library, found: version_str, needed: ort::MINOR_VERSION }
        }
        other @ (LoadDynamicError::Dlopen { .. }
        | LoadDynamicError::MissingApi { .. }
        | LoadDynamicError::InvalidVersionString) => {
            OpenOnnxError::Load { library, problem: other.to_string() }
        }
    }
}
