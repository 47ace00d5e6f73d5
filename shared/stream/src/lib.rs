//! How records move from one topic to the next.
//!
//! A worker gives a [`Stage`]; this crate gives it batches of one partition in order, writes what it answers and
//! commits. A verdict is Done, Refuse or Retry; there is no fourth. A retry waits in place, a refusal goes to
//! `dead-letters`, and an offset is committed after what it stands for is written, never before.
//!
//! Order of files: [`record`] what moves · [`stage`] who thinks · [`broker`] the seam to the wire · [`plan`] from where
//! to where · [`lane`] one partition from opening to closing · [`pipeline`] assignment of lanes · [`memory`] a broker in
//! memory · [`kafka`] the edge, the only code that knows librdkafka.
//!
//! Guarantees. Transactional delivery: outputs, dead letters and the consumed offset become visible together or not
//! at all; at assignment the previous owner of a partition is fenced before the stage is opened, so nothing it
//! still sends is ever committed. After-write delivery: the offset follows the write; a crash repeats, never loses.
//! Memory: at most `queue_bytes` of a partition wait in this process (plus one record), whatever a stage does.

pub mod batch;
pub mod boottime;
pub mod broker;
pub mod budget;
pub mod committed;
pub mod kafka;
pub mod lane;
pub mod memory;
pub mod patience;
pub mod pipeline;
pub mod plan;
pub mod record;
pub mod settings;
pub mod stage;

pub use batch::BatchLimits;
pub use boottime::{Boottime, wall_seconds};
pub use broker::{Broker, Committed, Memo, Published, Reading, StreamError, Waiting};
pub use patience::Patience;
pub use pipeline::run;
pub use plan::{Delivery, Plan, transactional_id};
pub use record::{Outgoing, Record};
pub use settings::LaneSettings;
pub use stage::{Lane, Outcome, Partition, Stage, Trouble, Verdict};
