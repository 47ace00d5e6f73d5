//! The text of inline markup.

/// Characters that may begin markup.
const MARKS: [char; 5] = ['`', '*', ':', '_', '\\'];
/// Maximum length of a role's name in bytes.
const LONGEST_ROLE: usize = 40;

/// A text without roles, targets, emphasis and escapes.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // markup found unclosed once is not searched again, which would take quadratic time
    let mut unclosed = [false; 4];
    // an escaped space separates words for the markup, and is not shown
    let mut escaped_gap = false;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let before = out.chars().next_back().filter(|_| !std::mem::take(&mut escaped_gap));
        if let Some((length, shown)) = marked(rest, before, &mut unclosed) {
            out.push_str(&shown);
            at += length;
            continue;
        }
        let next = rest.chars().next().unwrap_or_default();
        let run = rest.find(MARKS).unwrap_or(rest.len());
        if run > 0 {
            out.push_str(rest.get(..run).unwrap_or_default());
        } else if next == '\\' {
            let escaped = rest.chars().nth(1).unwrap_or_default();
            escaped_gap = escaped.is_whitespace();
            out.extend((!escaped_gap && escaped != '\0').then_some(escaped));
            at += if escaped == '\0' { 0 } else { escaped.len_utf8() };
        } else if !(next == '_' && ends_reference(rest, before)) {
            out.push(next);
        }
        at += run.max(next.len_utf8() * usize::from(run == 0));
    }
    out
}

/// The markup at the start of `rest`: its length, and the text shown for it.
fn marked(rest: &str, before: Option<char>, unclosed: &mut [bool; 4]) -> Option<(usize, String)> {
    let within_word = before.is_some_and(char::is_alphanumeric);
    if let Some(inner) = rest.strip_prefix("``") {
        let end = closing(inner, "``", unclosed.first_mut()?)?;
        return Some((end + 4, inner.get(..end)?.to_owned()));
    }
    if let Some(inner) = rest.strip_prefix('`') {
        let end = closing(inner, "`", unclosed.get_mut(1)?)?;
        let after = inner.get(end + 1..)?;
        let references = after.bytes().take_while(|byte| *byte == b'_').count().min(2);
        return Some((end + 2 + references, label(inner.get(..end)?)));
    }
    if rest.starts_with(':') && !within_word {
        // a role: its name, and then its text in backquotes
        let head = rest.get(1..rest.floor_char_boundary(LONGEST_ROLE))?;
        let (name, _) = head.split_once(":`")?;
        let is_name =
            |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | ':' | '.' | '+');
        return (!name.is_empty() && name.chars().all(is_name)).then(|| (name.len() + 2, String::new()));
    }
    for (mark, index) in [("**", 2), ("*", 3)] {
        let Some(inner) = rest.strip_prefix(mark) else { continue };
        if within_word || inner.starts_with(char::is_whitespace) || inner.starts_with('*') {
            return None;
        }
        let end = closing(inner, mark, unclosed.get_mut(index)?)?;
        return Some((end + 2 * mark.len(), inner.get(..end)?.to_owned()));
    }
    None
}

fn closing(inner: &str, mark: &str, unclosed: &mut bool) -> Option<usize> {
    if *unclosed {
        return None;
    }
    let end = inner.find(mark);
    *unclosed = end.is_none();
    end.filter(|end| *end > 0)
}

/// The label of a link or role, without the target after it.
fn label(text: &str) -> String {
    let label = match text.rsplit_once('<') {
        Some((label, target)) if target.ends_with('>') && !label.trim().is_empty() => label.trim_end(),
        Some((_, target)) if target.ends_with('>') => target.trim_end_matches('>'),
        _ => text,
    };
    label.trim_start_matches(['~', '!']).to_owned()
}

/// Whether an underscore only marks the word before it as a link.
fn ends_reference(rest: &str, before: Option<char>) -> bool {
    let after = rest.trim_start_matches('_');
    before.is_some_and(|before| before.is_alphanumeric() || before == ']')
        && rest.len() - after.len() <= 2
        && !after.starts_with(|next: char| next.is_alphanumeric() || next == '(')
}
