//! The bookmarks: the only headings that a PDF file defines.

use std::collections::{BTreeMap, BTreeSet};

use hayro_interpret::hayro_syntax::Pdf as File;
use hayro_interpret::hayro_syntax::object::{Dict, String as Text};

use super::string;

/// Maximum number of bookmarks read.
const MOST: usize = 20_000;
/// Deeper bookmarks get this level.
const DEEPEST: u8 = 6;

/// The titles in the bookmarks, with their levels from 1.
#[derive(Default)]
pub(super) struct Outline {
    levels: BTreeMap<String, u8>,
}

impl Outline {
    pub(super) fn read(file: &File) -> Self {
        let mut outline = Self::default();
        let first = file
            .xref()
            .get::<Dict<'_>>(file.xref().root_id())
            .and_then(|catalog| catalog.get::<Dict<'_>>("Outlines"))
            .and_then(|outlines| outlines.get::<Dict<'_>>("First"));
        let mut open: Vec<(Dict<'_>, u8)> = first.into_iter().map(|first| (first, 1)).collect();
        let mut seen = BTreeSet::new();
        while let Some((item, level)) = open.pop() {
            // a damaged file may contain cycles
            let id = item.obj_id().map(|id| (id.obj_number, id.gen_number));
            if id.is_none_or(|id| !seen.insert(id)) || seen.len() > MOST {
                continue;
            }
            if let Some(title) = item.get::<Text<'_>>("Title") {
                let words = words(&string::decode(title.as_bytes()));
                if !words.is_empty() {
                    outline.levels.entry(words).or_insert(level);
                }
            }
            open.extend(item.get::<Dict<'_>>("Next").map(|next| (next, level)));
            open.extend(item.get::<Dict<'_>>("First").map(|below| (below, (level + 1).min(DEEPEST))));
        }
        outline
    }

    /// The level of a block with the text of a bookmark, with or without a leading number.
    pub(super) fn level(&self, text: &str) -> Option<u8> {
        if self.levels.is_empty() || text.len() > 300 {
            return None;
        }
        let unnumbered =
            text.trim_start_matches(|first: char| first.is_numeric() || first == '.' || first == ' ');
        [text, unnumbered].into_iter().find_map(|text| self.levels.get(&words(text)).copied())
    }
}

/// Only the letters and digits, in lower case, because bookmarks and pages differ in spacing.
fn words(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
