//! Moves records from one topic to the next.
//!
//! A worker provides a [`Stage`]; this crate passes it batches of one partition in order, writes its answers and
//! commits. A record is done, refused or retried; there is no fourth answer. A retry waits in place, a refusal goes to
//! `dead-letters`, and an offset is committed only after the outputs of the records before it were written.
//!
//! Reading order: [`record`], what moves · [`stage`], which decides · [`broker`], the interface to a broker · [`plan`],
//! from where to where · [`lane`], one partition from opening to closing · [`pipeline`], the assignment of lanes ·
//! [`memory`], an in-memory broker · [`kafka`], the edge and the only code that uses librdkafka.
//!
//! Guarantees:
//! - Transactional delivery: outputs, dead letters and the consumed offset become visible together or not at all. At
//!   assignment the previous owner of a partition is fenced before the stage is opened, so nothing it still sends is
//!   ever committed.
//! - After-write delivery: the offset follows the write; a crash repeats writes, and never loses any.
//! - Memory: at most `queue_bytes` of a partition (plus one record) wait in this process, whatever a stage does. A
//!   replay holds one batch and the reader's 4 MiB in addition.

pub mod batch;
pub mod begin;
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
pub use begin::BeginGroup;
pub use boottime::{Boottime, wall_seconds};
pub use broker::{Broker, Committed, LANE_TRANSACTION, Memo, Published, Reading, StreamError, Waiting};
pub use patience::Patience;
pub use pipeline::run;
pub use plan::{Delivery, Plan, transactional_id};
pub use record::{Outgoing, Record};
pub use settings::LaneSettings;
pub use stage::{Lane, Outcome, Partition, Stage, Trouble, Verdict};
