//! How much is looked at. Pure.

use crate::reservoir::ReservoirBounds;

/// How much is looked at: enough to tell a drift worth a training. Each passage costs one embedding and one search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriftLimits {
    /// Passages of a reference.
    pub reference_passages: usize,
    /// Questions of a reference: those of the first windows.
    pub reference_questions: usize,
    /// Judgements of a reference: those of the first windows.
    pub reference_judgements: usize,
    /// Passages of a window.
    pub passages: usize,
    /// A window with fewer new passages goes on until the next look.
    pub fewest_passages: usize,
    /// Questions of a window.
    pub questions: usize,
    /// A window with fewer new questions goes on until the next look.
    pub fewest_questions: usize,
    /// Records of a topic that one look reads; of older ones beyond it nothing is sampled.
    pub records: usize,
    /// Bytes of the passages of a window.
    pub bytes: usize,
    /// Judgements of a window that are held; later ones beyond it do not count.
    pub judgements: usize,
    /// Passages that are looked at for a passage by its own opening.
    pub ranks: usize,
    /// What decides the samples: the same seed draws the same ones.
    pub seed: u64,
}

impl Default for DriftLimits {
    fn default() -> Self {
        Self {
            reference_passages: 1_024,
            reference_questions: 300,
            reference_judgements: 60,
            passages: 512,
            fewest_passages: 128,
            questions: 300,
            fewest_questions: 100,
            records: 200_000,
            bytes: 64 << 20,
            judgements: 10_000,
            ranks: 10,
            seed: 1,
        }
    }
}

impl DriftLimits {
    pub(crate) fn of_passages(&self) -> ReservoirBounds {
        ReservoirBounds { items: self.passages, bytes: self.bytes }
    }

    pub(crate) fn of_questions(&self) -> ReservoirBounds {
        ReservoirBounds { items: self.questions, bytes: self.bytes }
    }
}
