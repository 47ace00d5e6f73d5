//! What has to be quoted beside a sentence so that it is not misread. Pure.
//!
//! "Everybody has 22 days. After five years it is 27." answers wrongly without its second sentence, and "It is red."
//! says nothing without the sentence before it.

/// What a sentence that limits the one before it begins with.
const LIMITS: [&str; 44] = [
    "however",
    "but",
    "except",
    "unless",
    "if",
    "after",
    "only",
    "otherwise",
    "instead",
    "note",
    "exception",
    "from the",
    "for longer",
    "provided",
    "then",
    "this does not",
    "it does not",
    "aber",
    "jedoch",
    "allerdings",
    "außer",
    "nur",
    "nach",
    "ab ",
    "wenn",
    "falls",
    "sonst",
    "ausgenommen",
    "dies gilt",
    "das gilt",
    "但",
    "除非",
    "如果",
    "若",
    "不过",
    "否则",
    "仅",
    "只有",
    "满",
    "超过",
    "其中",
    "例外",
    "注意",
    "另外",
];
/// What such a sentence holds anywhere.
const HOLDS: [&str; 11] = [
    " unless ",
    " except ",
    " only if ",
    " does not apply",
    " provided that",
    "es sei denn",
    "gilt nicht",
    "ausgenommen",
    "除外",
    "不适用",
    "例外",
];
/// What a sentence begins with that cannot be understood alone.
const LEANS: [&str; 24] = [
    "it ", "this ", "that ", "they ", "these ", "those ", "he ", "she ", "its ", "their ", "such ", "er ",
    "sie ", "es ", "dies", "diese", "它", "他", "她", "这", "该", "其", "此", "那",
];

/// What a sentence holds, besides [`ONLY_POINTS`], that points to where the answer is, or says what a page is about.
const POINTS: [&str; 8] = [
    ", see ",
    "this topic ",
    "this article ",
    "this section ",
    "this page ",
    "this document ",
    "this chapter ",
    "本文档",
];

/// What a sentence begins with that says nothing but where something is said.
const ONLY_POINTS: [&str; 18] = [
    "for more information",
    "for details",
    "for more details",
    "see also",
    "see the ",
    "refer to",
    "learn more",
    "click here",
    "this topic describes",
    "this article describes",
    "weitere informationen",
    "siehe ",
    "请参见",
    "请参考",
    "参见",
    "更多信息",
    "详情请",
    "本文介绍",
];

/// Whether a sentence tells nothing but where something is said.
pub(super) fn only_points(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    ONLY_POINTS.iter().any(|opening| sentence.starts_with(opening))
}

/// Whether a sentence tells where something is said rather than what.
pub(super) fn points(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    POINTS.iter().chain(&ONLY_POINTS).any(|held| sentence.contains(held))
}

/// Whether a sentence limits, or takes back, what the one before it says.
pub(super) fn limits(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    begins(&sentence, &LIMITS) || HOLDS.iter().any(|held| sentence.contains(held))
}

/// Whether a sentence speaks of something that only the one before it names.
pub(super) fn leans(sentence: &str) -> bool {
    begins(&sentence.to_lowercase(), &LEANS)
}

/// Whether a text begins with one of `words`, each as a whole word if it is one of a script with spaces.
fn begins(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let Some(rest) = text.strip_prefix(word) else { return false };
        let is_spaced = word.ends_with(|last: char| last.is_ascii_lowercase());
        !is_spaced || !rest.starts_with(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_told_by_how_they_begin() {
        for sentence in [
            "After five years it is 27.",
            "However, taxis need a receipt.",
            "Staff may use it, unless the office is closed.",
            "Nach fünf Jahren sind es 27.",
            "但试用期员工不适用。",
            "满五年后为27天。",
        ] {
            assert!(limits(sentence), "{sentence}");
        }
        for sentence in
            ["Ifrit is a spirit.", "The office is red.", "Abends ist es still.", "年假由经理批准。"]
        {
            assert!(!limits(sentence), "{sentence}");
        }
        assert!(
            points("For more information about buckets, see Buckets.") && points("更多信息请参见存储空间。")
        );
        assert!(!points("The lamp is red.") && !only_points("It is red, see the lamp."));
        assert!(only_points("For more information, see Buckets.") && only_points("请参见存储空间。"));
        assert!(leans("It is red.") && leans("这是红色的。") && !leans("Items are red."));
    }
}
