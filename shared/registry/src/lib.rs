//! The registry: which models there are, which generations of indexes are built from them, and which one is served.
//!
//! It is the topic `models`, compacted, of one partition. What it says is one value, [`Registry`]; what may be changed is
//! said by pure rules ([`rules`]); [`RegistryWriter`] makes a change as a compare-and-set, and [`follow`] tells a process
//! what changed; [`WriterFill`] is how far a writer of a generation is, and [`ForgottenFill`] what is done
//! again where Kafka forgot that; [`UnknownReaders`] live from a generation without being known. Without the
//! topic there is no registry, and the bundle on disk rules.

mod fill;
mod follow;
mod forgotten;
mod ready;
pub mod rules;
mod state;
mod supervise;
mod unknown;
mod writer;

pub use fill::{FillSpeed, WriterFill, fill_speeds, upstream_fillers};
pub use follow::{Heard, follow};
pub use forgotten::ForgottenFill;
pub use ready::ReadyWriter;
pub use state::{GenerationKey, Registry, UnreadableEntry};
pub use supervise::{RunRefusal, RunScope, Running, StartRun, Stopping, Supervised, supervise};
pub use unknown::{UnknownReaders, is_filled};
pub use writer::{RegistryChange, RegistryError, RegistryWriter, look, read};
