//! General sets that a model must not become worse on, made small enough to be embedded twice.

use std::collections::BTreeSet;
use std::path::PathBuf;

use message::content_digest;

use crate::UnusableFile;
use crate::beir::RetrievalSet;

/// A general set in BEIR's layout, and the split that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardFolder {
    /// The set's folder.
    pub folder: PathBuf,
    /// The split.
    pub split: String,
}

impl std::str::FromStr for GuardFolder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once(':') {
            Some((folder, split)) if !folder.is_empty() && !split.is_empty() && !split.contains('/') => {
                Ok(Self { folder: folder.into(), split: split.to_owned() })
            }
            _ => Err("give the folder of the set and its split, e.g. sets/scifact:test".to_owned()),
        }
    }
}

impl GuardFolder {
    /// Reads the set, of which at most `most` documents are kept: see [`GuardSet::bounded`].
    ///
    /// # Errors
    /// As [`RetrievalSet::read`].
    pub fn read(&self, most: usize) -> Result<GuardSet, UnusableFile> {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        let set = RetrievalSet::read(&self.folder, &self.split)?;
        Ok(GuardSet::bounded(format!("{name} {}", self.split), set, most))
    }
}

/// A general set: what a model knew before it was trained on a domain.
#[derive(Debug)]
pub struct GuardSet {
    /// The set and its split, for people.
    pub name: String,
    /// What of it is asked, and searched.
    pub set: RetrievalSet,
    /// Documents of the whole set.
    pub documents: usize,
    /// Questions of the whole set.
    pub questions: usize,
}

impl GuardSet {
    /// The set with at most `most` documents: those that are judged relevant, and of the others a sample that is always the
    /// same (the smallest digests of their ids). Where the relevant ones alone are more, there are fewer questions, drawn alike.
    ///
    /// A smaller set is an easier one: its scores compare two models, and are none to publish.
    #[must_use]
    pub fn bounded(name: String, set: RetrievalSet, most: usize) -> Self {
        let (documents, questions) = (set.corpus.len(), set.questions.len());
        let set = if documents > most { sampled(set, most) } else { set };
        Self { name, set, documents, questions }
    }

    /// What was left out, for people; none when nothing was.
    #[must_use]
    pub fn left_out(&self) -> Option<String> {
        let (documents, questions) = (self.set.corpus.len(), self.set.questions.len());
        (documents < self.documents).then(|| {
            format!(
                "{}: a sample of {documents} of {} documents and {questions} of {} questions, always the same; it compares, and its \
                 scores are higher than those of the whole set",
                self.name, self.documents, self.questions
            )
        })
    }
}

fn sampled(mut set: RetrievalSet, most: usize) -> RetrievalSet {
    let there: BTreeSet<&str> = set.corpus.iter().map(|document| document.id.as_str()).collect();
    let mut order: Vec<usize> = (0..set.questions.len()).collect();
    order.sort_by_cached_key(|place| {
        set.questions.get(*place).map(|asked| content_digest(asked.id.as_bytes()))
    });
    let (mut kept, mut asked): (BTreeSet<String>, BTreeSet<String>) = (BTreeSet::new(), BTreeSet::new());
    for question in order.into_iter().filter_map(|place| set.questions.get(place)) {
        let grades = set.judged.get(&question.id).into_iter().flatten();
        let relevant = grades.map(|(id, _)| id).filter(|id| there.contains(id.as_str()));
        let new: Vec<String> = relevant.filter(|id| !kept.contains(*id)).cloned().collect();
        // The first is asked in any case: a set without questions is none.
        if kept.len() + new.len() <= most || asked.is_empty() {
            kept.extend(new);
            asked.insert(question.id.clone());
        }
    }
    let mut others: Vec<(String, String)> = there
        .into_iter()
        .filter(|id| !kept.contains(*id))
        .map(|id| (content_digest(id.as_bytes()), id.to_owned()))
        .collect();
    others.sort_unstable();
    let room = most.saturating_sub(kept.len());
    kept.extend(others.into_iter().take(room).map(|(_, id)| id));
    set.corpus.retain(|document| kept.contains(&document.id));
    set.questions.retain(|question| asked.contains(&question.id));
    set.judged.retain(|id, _| asked.contains(id));
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beir::{CorpusDocument, JudgedQuestion};
    use crate::score::Grades;

    /// Documents `d0` … and questions `q0` …, the n-th of which has the documents n and n + 1 as relevant ones.
    fn set(documents: usize, questions: usize) -> RetrievalSet {
        let document =
            |n| CorpusDocument { id: format!("d{n}"), title: String::new(), text: format!("text {n}") };
        let question = |n| JudgedQuestion { id: format!("q{n}"), text: "?".to_owned(), answers: Vec::new() };
        let grades = |n: usize| Grades::from([(format!("d{n}"), 1), (format!("d{}", n + 1), 2)]);
        RetrievalSet {
            corpus: (0..documents).map(document).collect(),
            questions: (0..questions).map(question).collect(),
            judged: (0..questions).map(|n| (format!("q{n}"), grades(n))).collect(),
        }
    }

    fn ids(guard: &GuardSet) -> Vec<&str> {
        guard.set.corpus.iter().map(|document| document.id.as_str()).collect()
    }

    #[test]
    fn a_guard_set_has_a_folder_and_a_split() {
        let found: GuardFolder = "sets/a:b/scifact:test".parse().unwrap();
        assert_eq!((found.folder.to_str(), found.split.as_str()), (Some("sets/a:b/scifact"), "test"));
        for text in ["scifact", ":test", "scifact:", "a:b/scifact"] {
            assert!(text.parse::<GuardFolder>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_small_set_stays_whole() {
        let whole = GuardSet::bounded("g".to_owned(), set(10, 3), 10);
        assert_eq!((whole.set.corpus.len(), whole.set.questions.len()), (10, 3));
        assert_eq!(whole.left_out(), None);
    }

    #[test]
    fn of_a_large_set_what_is_relevant_stays_and_the_rest_is_a_sample_that_is_always_the_same() {
        let small = GuardSet::bounded("g".to_owned(), set(1_000, 3), 50);
        assert_eq!((small.set.corpus.len(), small.set.questions.len()), (50, 3));
        assert!(["d0", "d1", "d2", "d3"].iter().all(|id| ids(&small).contains(id)), "{:?}", ids(&small));
        assert!(ids(&small).iter().any(|id| id.len() > 3), "not only the first ones");
        let again = GuardSet::bounded("g".to_owned(), set(1_000, 3), 50);
        assert_eq!(ids(&again), ids(&small));
        let told = small.left_out().unwrap();
        assert!(told.contains("50 of 1000 documents and 3 of 3 questions"), "{told}");
    }

    #[test]
    fn where_relevant_documents_alone_are_too_many_fewer_questions_are_asked() {
        let small = GuardSet::bounded("g".to_owned(), set(1_000, 400), 50);
        assert!(small.set.corpus.len() <= 50, "{}", small.set.corpus.len());
        assert!((1..50).contains(&small.set.questions.len()), "{}", small.set.questions.len());
        assert_eq!(small.set.judged.len(), small.set.questions.len());
        let here = ids(&small);
        assert!(small.set.judged.values().flatten().all(|(id, _)| here.contains(&id.as_str())));
        // The first question is asked however small the bound is.
        assert_eq!(GuardSet::bounded("g".to_owned(), set(10, 3), 1).set.questions.len(), 1);
    }
}
