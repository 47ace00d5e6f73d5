//! Equations (OMML) as linear text: fractions with a slash, powers with `^`, indices with `_`.

use crate::format::xml::Tag;

/// The open groups of an equation.
#[derive(Default)]
pub(in crate::format) struct Math {
    groups: Vec<usize>,
    /// Closing characters of the open brackets.
    brackets: Vec<String>,
}

impl Math {
    pub(in crate::format) fn open(&mut self, tag: &Tag<'_>, text: &mut String) {
        match tag.name() {
            "sup" => self.begin("^", text),
            "sub" => self.begin("_", text),
            "rad" => text.push('√'),
            "num" | "den" | "deg" | "lim" => self.begin("", text),
            "nary" => text.push('∫'),
            "chr" => {
                // the character of the operator just opened
                if text.ends_with('∫')
                    && let Some(sign) = tag.attribute("val")
                {
                    text.pop();
                    text.push_str(&sign);
                }
            }
            "d" => {
                self.brackets.push(")".to_owned());
                text.push('(');
            }
            "begChr" if text.ends_with('(') => {
                text.pop();
                text.push_str(&tag.attribute("val").unwrap_or_default());
            }
            "endChr" => {
                if let Some(bracket) = self.brackets.last_mut() {
                    *bracket = tag.attribute("val").unwrap_or_default();
                }
            }
            _ => {}
        }
    }

    pub(in crate::format) fn close(&mut self, name: &str, text: &mut String) {
        match name {
            "num" => {
                self.end(text);
                text.push('/');
            }
            "den" | "sup" | "sub" | "deg" | "lim" => self.end(text),
            "d" => text.push_str(&self.brackets.pop().unwrap_or_default()),
            // rows of a matrix or of a system
            "mr" => text.push_str("; "),
            _ => {}
        }
    }

    fn begin(&mut self, sign: &str, text: &mut String) {
        text.push_str(sign);
        self.groups.push(text.len());
        text.push('(');
    }

    /// Ends a group; a single character needs no brackets, and an empty group is not shown.
    fn end(&mut self, text: &mut String) {
        let Some(start) = self.groups.pop() else { return };
        let Some(inner) = text.get(start + 1..) else { return };
        match inner.chars().filter(|inner| !inner.is_whitespace()).take(2).count() {
            0 => {
                text.truncate(start);
                if text.ends_with(['^', '_']) {
                    text.pop();
                }
            }
            1 => {
                let inner = inner.trim().to_owned();
                text.truncate(start);
                text.push_str(&inner);
            }
            _ => text.push(')'),
        }
    }
}
