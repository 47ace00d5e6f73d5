//! Links that the parser leaves as text: real documents have targets with spaces, and links in code spans.

/// Maximum number of bytes searched for a link's label and for its target.
const LONGEST_BYTES: usize = 1_000;

/// Replaces each `[label](target)` by its label, if the target looks like one.
pub(super) fn without_targets(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        kept.push_str(before);
        let label = label_start(&kept);
        if let Some((start, length)) = label.and_then(|start| Some((start, target_length(after)?))) {
            let label = unescaped(kept.get(start + 1..).unwrap_or_default());
            kept.truncate(start);
            if kept.ends_with('!') {
                kept.pop();
            }
            kept.push_str(&label);
            rest = after.get(length + 1..).unwrap_or_default();
        } else {
            kept.push_str("](");
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

/// The position of the `[` of a label that ends here.
fn label_start(text: &str) -> Option<usize> {
    let from = text.floor_char_boundary(text.len().saturating_sub(LONGEST_BYTES));
    let tail = text.get(from..)?;
    let at =
        tail.rfind(['[', '\n']).filter(|at| tail.get(*at..).is_some_and(|found| found.starts_with('[')))?;
    Some(from + at)
}

/// The length of a target up to its closing parenthesis, if there is one.
fn target_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let head = text.get(..text.floor_char_boundary(LONGEST_BYTES))?;
    let length = head.char_indices().find_map(|(at, character)| {
        match character {
            '\n' => return Some(None),
            '(' => depth += 1,
            ')' if depth == 0 => return Some(Some(at)),
            ')' => depth -= 1,
            _ => {}
        }
        None
    })??;
    let target = head.get(..length)?;
    let opens = ["/", "./", "../", "#", "http://", "https://"].iter().any(|start| target.starts_with(start));
    (opens || target.contains(".md") || target.contains(".htm")).then_some(length)
}

/// A label in a code span still has the backslashes meant for a label outside.
fn unescaped(label: &str) -> String {
    let mut characters = label.chars().peekable();
    let mut text = String::with_capacity(label.len());
    while let Some(character) = characters.next() {
        if character != '\\' || !characters.peek().is_some_and(char::is_ascii_punctuation) {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_go_and_everything_else_stays() {
        for (text, expected) in [
            ("请参见[PutObject](/cn.zh-CN/API 参考/PutObject.md#)。", "请参见PutObject。"),
            ("[a](cn.zh-CN/SDK 参考/a.md#) and [b](../x y (1).md)!", "a and b!"),
            ("the [get\\-queue](https://x.y/z) call", "the get-queue call"),
            ("![chart](/images/a b.png)", "chart"),
            ("array[0](1) and f[x](y)", "array[0](1) and f[x](y)"),
            ("](/x) [open](/y", "](/x) [open](/y"),
            ("[two\nlines](/x)", "[two\nlines](/x)"),
        ] {
            assert_eq!(without_targets(text), expected);
        }
    }
}
