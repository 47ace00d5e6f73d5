//! A run of inline text, with white space collapsed as in a browser.
//!
//! A line break between two characters of a script without spaces (Chinese, Japanese) joins them: the editor put it
//! there, and a space would cut a word in two.

/// White space seen, which counts only if more text follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Break,
}

/// Collects inline text.
pub(crate) struct Line {
    text: String,
    gap: Gap,
}

impl Line {
    pub(crate) const fn new() -> Self {
        Self { text: String::new(), gap: Gap::None }
    }

    /// Adds text; a run of ASCII white space counts as one space, and as none at either end.
    pub(crate) fn push(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\n' | '\r' => self.gap = Gap::Break,
                ' ' | '\t' | '\u{c}' if self.gap == Gap::None => self.gap = Gap::Space,
                ' ' | '\t' | '\u{c}' => {}
                _ => {
                    self.close_gap(character);
                    self.text.push(character);
                }
            }
        }
    }

    /// Adds a visible line break.
    pub(crate) fn line_break(&mut self) {
        self.gap = Gap::None;
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Takes the collected text, trimmed, and starts again.
    pub(crate) fn take(&mut self) -> String {
        self.gap = Gap::None;
        let mut text = std::mem::take(&mut self.text);
        text.truncate(text.trim_end().len());
        text
    }

    /// Edits the collected text.
    pub(crate) fn edit(&mut self, edit: impl Fn(&str) -> String) {
        if !self.text.is_empty() {
            self.text = edit(&self.text);
        }
    }

    fn close_gap(&mut self, next: char) {
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        let joins = match (gap, self.text.chars().next_back()) {
            (Gap::None, _) | (_, None | Some('\n')) => true,
            (Gap::Space, Some(_)) => false,
            (Gap::Break, Some(last)) => unspaced(last) && unspaced(next),
        };
        if !joins {
            self.text.push(' ');
        }
    }
}

/// Whether a character belongs to a script written without spaces: Han, kana, their punctuation and full-width forms.
fn unspaced(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collapsed(parts: &[&str]) -> String {
        let mut line = Line::new();
        for part in parts {
            line.push(part);
        }
        line.take()
    }

    #[test]
    fn white_space_collapses_as_in_a_browser() {
        for (parts, expected) in [
            (vec!["  a  b\t\nc "], "a b c"),
            (vec!["a", " ", "\n", "b"], "a b"),
            (vec!["中文\n换行，", "\n再来"], "中文换行，再来"),
            (vec!["中文 空格"], "中文 空格"),
            (vec!["中文\nEnglish"], "中文 English"),
            (vec![" \n\t"], ""),
        ] {
            assert_eq!(collapsed(&parts), expected, "{parts:?}");
        }
    }

    #[test]
    fn a_visible_break_stays() {
        let mut line = Line::new();
        line.line_break();
        line.push("a ");
        line.line_break();
        line.push("\n b");
        line.line_break();
        assert_eq!(line.take(), "a\nb");
    }
}
