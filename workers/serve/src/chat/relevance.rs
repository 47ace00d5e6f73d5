//! Whether a model is asked at all. Pure.

use crate::search::Found;

/// True when there is something to answer from. How relevant it is, is not judged: a vector search finds something for every
/// question.
#[must_use]
pub fn is_relevant(found: &[Found]) -> bool {
    !found.is_empty()
}

/// What is said when nothing relevant was found, in the language of the question where it is one of these.
#[must_use]
pub fn nothing_found(question: &str) -> &'static str {
    match analysis::language(question) {
        Some("zh") => "在文档中没有找到与这个问题相关的内容。",
        Some("de") => "In den Dokumenten steht nichts, was zu dieser Frage passt.",
        Some("fr") => "Les documents ne contiennent rien qui réponde à cette question.",
        Some("es") => "Los documentos no contienen nada relacionado con esta pregunta.",
        Some("ja") => "この質問に関連する内容は文書の中に見つかりませんでした。",
        _ => "The documents hold nothing that is relevant to this question.",
    }
}
