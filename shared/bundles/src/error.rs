//! Why a bundle could not be put or fetched.

use model::BundleError;
use objects::StoreError;

/// Why a bundle was not put, or not fetched. The words say what to do.
#[derive(Debug, thiserror::Error)]
pub enum BundleTrouble {
    /// The store does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A file is not in the store any more.
    #[error("{0} is gone from the store: put the bundle there again with `millrace model add`")]
    Gone(String),
    /// A file in the store is not the one that was registered.
    #[error(
        "{file} in the store has the sha-256 {found}, and the registry says {expected}: somebody replaced it; put the bundle there \
         again with `millrace model add`"
    )]
    Digest {
        /// Its place.
        file: String,
        /// What the registry says.
        expected: String,
        /// What it has.
        found: String,
    },
    /// The registry says of a model what `model add` does not write.
    #[error(
        "the registry's entry of the model {model} is not one of a bundle ({what}): enter it again with `millrace model add`"
    )]
    Entry {
        /// The model's name.
        model: String,
        /// What is odd.
        what: String,
    },
    /// The registry names no place, or one that is none.
    #[error(
        "{0:?} is no place of a bundle: it must be a bucket, a slash, and a prefix below .millrace/ that ends with a slash"
    )]
    Place(String),
    /// The folder of models cannot be written.
    #[error("the folder of models {folder} cannot be written ({cause}): set MILLRACE_MODELS to one that can")]
    Folder {
        /// The folder.
        folder: String,
        /// The system's error.
        cause: String,
    },
}
