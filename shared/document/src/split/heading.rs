//! Shortens heading paths to leave room for text.

use crate::HeadingPath;

/// The longest end of a path that fits, joined as embedded. Outermost headings are dropped first, because the
/// innermost says most about the passage. Empty when not even the innermost fits.
pub(super) fn shortened(path: &HeadingPath, fits: &impl Fn(&str) -> bool) -> Vec<String> {
    let mut kept: Vec<String> = path.iter().map(|heading| (**heading).to_owned()).collect();
    while !kept.is_empty() && !fits(&kept.join(" > ")) {
        kept.remove(0);
    }
    kept
}
