//! Model bundles in the object store: put there once, fetched by every process that needs one.
//!
//! A bundle stands below `.millrace/models/`, which is never ingested, in a folder named by its fingerprint. The registry says
//! where, and which digest each file has ([`message::ModelEntry`]): what is fetched is used only when it has these. Fetched
//! bundles stand in the folder `MILLRACE_MODELS`, beside those that people put there.

mod error;
mod fetch;
mod keep;
mod place;
mod put;

pub use error::BundleTrouble;
pub use fetch::fetch;
pub use keep::{MissingModel, keep};
pub use place::BundlePlace;
pub use put::{described, put};
