//! Conducts runs that train a model: data, a trainer's job, what came out, its proof, and the registry.
//!
//! A run lasts for hours, and this process may be killed at any time. So each step is one act and one word in the topic
//! `models`: what is about to be done stands there before it is done, and whoever comes next goes on from there.
//!
//! Reading order: [`run`] what comes next, and what follows from an answer · [`done`] what a trainer says of its output ·
//! [`trainer`] who trains · [`data`] what it learns from · [`judge`] and [`proof`] whether the model may be used ·
//! [`output`] fetches what came out · [`claim`] which process conducts a run · [`change`] what is written · [`conduct`] the stage that drives it all ·
//! [`start`] the edge.

pub mod change;
pub mod claim;
pub mod conduct;
pub mod config;
pub mod data;
pub mod done;
pub mod judge;
pub mod output;
pub mod proof;
pub mod run;
pub mod start;
pub mod trainer;

pub use conduct::{ConductSettings, Conductor, ConductorParts, StepEnd};
pub use config::Config;
