//! A graph's sessions: tokens in, the graph's output rows out.
//!
//! The texts of a call are packed into batches by tokens ([`crate::pack`]), spread over all sessions, and their rows
//! put back in order. Guarantees: the queue is bounded in tokens, and each wait has a timeout.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::graph::Graph;
use super::pool::Pool;
use super::{ExecutionProvider, OnnxSettings, OpenOnnxError, runtime};
use crate::bundle::Bundle;
use crate::encoder::EncodeError;
use crate::pack::pack;
use crate::tokenizer::TokenIds;

/// The sessions of one graph. Dropping them waits for the running batches.
#[derive(Debug)]
pub(crate) struct Sessions {
    pool: Pool,
    batch_tokens: usize,
}

impl Sessions {
    /// Loads the graph of `bundle` once per session; `padding` is the token that fills up shorter texts.
    pub(crate) fn open(
        bundle: &Bundle,
        padding: u32,
        settings: &OnnxSettings,
    ) -> Result<Self, OpenOnnxError> {
        let environment = runtime::load(settings.onnxruntime.as_deref())?;
        let sessions = sessions_of(settings);
        let graphs = (0..sessions)
            .map(|_| Graph::open(&environment, bundle, settings.execution_provider, padding))
            .collect::<Result<Vec<_>, _>>()?;
        let stall = Duration::from_secs(settings.encode_stall.get() as u64);
        let runs =
            graphs.into_iter().map(|mut graph| move |batch: &[TokenIds], width| graph.run(batch, width));
        let pool = Pool::start(runs.collect(), settings.queue_tokens.get(), stall)?;
        tracing::info!(sessions, model = %bundle.manifest().name, provider = ?settings.execution_provider, "graph opened");
        Ok(Self { pool, batch_tokens: settings.batch_tokens.get() })
    }

    /// The graph's output row for each text, in order.
    pub(crate) async fn run(&self, mut tokens: Vec<TokenIds>) -> Result<Vec<Vec<f32>>, EncodeError> {
        let lengths: Vec<usize> = tokens.iter().map(|tokens| tokens.ids.len()).collect();
        let batches = pack(&lengths, self.batch_tokens);
        let mut answers = Vec::with_capacity(batches.len());
        for batch in batches {
            let of_batch: Vec<TokenIds> = batch
                .members
                .iter()
                .map(|&member| tokens.get_mut(member).map(std::mem::take).unwrap_or_default())
                .collect();
            answers.push((batch.members, self.pool.submit(of_batch, batch.width).await?));
        }
        let mut rows = vec![Vec::new(); lengths.len()];
        for (members, answer) in answers {
            for (member, row) in members.into_iter().zip(self.pool.answer(answer).await?) {
                if let Some(place) = rows.get_mut(member) {
                    *place = row;
                }
            }
        }
        Ok(rows)
    }
}

/// One session per core on a CPU; one session fills a GPU.
fn sessions_of(settings: &OnnxSettings) -> usize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let default = || match settings.execution_provider {
        ExecutionProvider::Cpu => cores(),
        ExecutionProvider::Cuda | ExecutionProvider::Tensorrt => NonZeroUsize::MIN,
    };
    settings.sessions.unwrap_or_else(default).get()
}
