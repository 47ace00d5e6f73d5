//! Progress bars on standard error.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::visible::visible;

/// A progress bar; hidden when standard error is not a terminal.
#[derive(Debug)]
pub(crate) struct ShownBar(ProgressBar);

impl ShownBar {
    pub(super) fn new(total: u64, what: &str) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let template = "{msg:<14} {bar:40} {human_pos}/{human_len}  {elapsed} passed, {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total), target).with_style(style);
        Self(bar.with_message(visible(what).into_owned()))
    }

    /// Counts further steps.
    pub(crate) fn inc(&self, steps: u64) {
        self.0.inc(steps);
    }

    /// Sets how many steps are done.
    pub(crate) fn set_position(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Sets how many steps there are.
    pub(crate) fn set_length(&self, total: u64) {
        self.0.set_length(total);
    }

    /// Sets the words before the bar.
    pub(crate) fn set_message(&self, what: &str) {
        self.0.set_message(visible(what).into_owned());
    }

    /// Whether nobody sees it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.0.is_hidden()
    }

    /// Takes the bar away while `print` prints.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.0.suspend(print)
    }

    /// Takes the bar away for good.
    pub(crate) fn finish_and_clear(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_bar_are_visible() {
        let bar = ShownBar::new(1, "read\u{1b}ing");
        assert_eq!(bar.0.message(), "read␛ing");
        bar.set_message("\u{9b}2J");
        assert_eq!(bar.0.message(), "\u{fffd}2J");
    }
}
