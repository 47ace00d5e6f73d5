//! Determines the language of a document from a sample.

use crate::{BlockKind, Extracted};

/// Bytes sampled at the start, and again from the middle, because a foreword may be in another language.
const SAMPLE_BYTES: usize = 2_048;

/// Languages whose script tells them from all others.
const OF_OWN_SCRIPT: [&str; 3] = ["ja", "ko", "zh"];

/// The main language of a document, as ISO 639-1; none when it cannot be determined. What the document declares is believed,
/// unless its script says otherwise: templates declare English above any text.
pub(crate) fn believed(extracted: &Extracted) -> Option<String> {
    let found = || analysis::language(&sample(extracted));
    let Some(declared) = &extracted.language else { return found().map(str::to_owned) };
    let is_of_own = |language: &str| OF_OWN_SCRIPT.contains(&language);
    let other = found().filter(|found| is_of_own(found) != is_of_own(declared));
    Some(other.map_or_else(|| declared.clone(), str::to_owned))
}

/// A sample of the text, without code.
fn sample(extracted: &Extracted) -> String {
    let mut sample = String::new();
    let middle = extracted.text.len() / 2;
    for from in [Some(0), (middle > SAMPLE_BYTES).then_some(middle)].into_iter().flatten() {
        let wanted = sample.len() + SAMPLE_BYTES;
        let first = extracted.blocks.partition_point(|block| block.range.end <= from);
        for block in extracted.blocks.iter().skip(first).filter(|block| block.kind != BlockKind::Code) {
            let start = extracted.text.ceil_char_boundary(block.range.start.max(from));
            let end = block.range.end.min(start.saturating_add(wanted.saturating_sub(sample.len())));
            let end = extracted.text.floor_char_boundary(end);
            sample.push_str(extracted.text.get(start..end).unwrap_or_default());
            sample.push('\n');
            if sample.len() >= wanted {
                break;
            }
        }
    }
    sample
}

#[cfg(test)]
mod tests {
    use crate::extract;

    #[test]
    fn a_declared_language_is_believed_unless_the_script_says_otherwise() {
        let language = |declared: &str, text: &str| {
            let page = format!("<html lang={declared}><p>{text}</p></html>");
            extract("a.html", page.as_bytes()).unwrap().language
        };
        let chinese = "2024 年第 3 季度 OSS 存储空间的防盗链规则由管理员在控制台设置，版本 2.1 起生效。";
        let english =
            "The rules of the store are set by its administrator in the console, from version 2.1 on.";
        assert_eq!(language("en", chinese).as_deref(), Some("zh"));
        assert_eq!(language("zh-CN", english).as_deref(), Some("en"));
        assert_eq!(
            language("de", english).as_deref(),
            Some("de"),
            "languages of one script are hard to tell"
        );
        assert_eq!(language("zh", "OSS 2.1").as_deref(), Some("zh"), "nothing can be told of so little");
    }

    #[test]
    fn code_and_a_foreword_do_not_decide() {
        let source = format!(
            "Dies ist das kurze Vorwort.\n\n{}\n\n```\n{}```\n",
            "The rest of the document is in English, as most of its readers would expect. ".repeat(200),
            "für jede Zeile gilt das gleiche wie für die andere\n".repeat(2_000)
        );
        assert_eq!(extract("a.md", source.as_bytes()).unwrap().language.as_deref(), Some("en"));
    }
}
