//! The input of a [`Reader`](crate::Reader): the words of a question, and the window of passages to look at. Pure.

/// A question's terms in each language of the index.
///
/// A passage is matched against the terms of its own language, because stems of one language mean nothing in another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    by_language: Vec<(String, String)>,
}

impl Words {
    /// The terms of `question` in each of `languages` (see [`Reader::languages`](crate::Reader::languages)).
    #[must_use]
    pub fn of(question: &str, languages: &[String]) -> Self {
        let terms = |language: &String| (language.clone(), analysis::asked(question, language).join(" "));
        let by_language = languages.iter().map(terms).filter(|(_, terms)| !terms.is_empty()).collect();
        Self { by_language }
    }

    /// Each language and its terms, separated by spaces; languages without terms are left out.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_language.iter().map(|(language, terms)| (language.as_str(), terms.as_str()))
    }

    /// The terms in one language.
    #[must_use]
    pub fn in_language(&self, language: &str) -> Vec<&str> {
        let mut all = self.iter().filter(|(one, _)| *one == language);
        all.next().map(|(_, terms)| terms.split(' ').collect()).unwrap_or_default()
    }

    /// Whether there are no terms at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_language.is_empty()
    }

    /// What a search for them is made of, as Lucene counts it: a clause for each term, and one for each language.
    #[must_use]
    pub fn clauses(&self) -> usize {
        self.iter().map(|(_, terms)| 1 + terms.split(' ').count()).sum()
    }
}

/// The most clauses that the words of a question may have, and the most prefixes in a filter: both engines refuse a search of
/// more than 1,024 clauses, in all languages together, and a filter counts twice where vectors are searched as well.
pub const MOST_CLAUSES: usize = 800;
/// See [`MOST_CLAUSES`]. Those of [`Clause::Prefix`] and of [`Clause::Within`] count together; a place is one prefix, and all
/// documents of which a place may be the name are one further clause.
pub const MOST_PREFIXES: usize = 100;

/// Which passages to search, and how many to return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// All clauses must hold. Engines apply them before ranking, so that excluded passages take no places.
    pub filter: Vec<Clause>,
    /// Maximum number of passages returned.
    pub size: usize,
    /// Vectors that each shard considers; at least `size`.
    pub candidates: usize,
}

impl Window {
    /// A window over all passages, with the default number of candidates for its size.
    #[must_use]
    pub fn of(size: usize) -> Self {
        Self { filter: Vec::new(), size, candidates: size * Self::CANDIDATES }
    }

    /// Vectors considered for each passage wanted: more improve recall and cost time.
    pub const CANDIDATES: usize = 4;
}

/// One condition on a passage. An empty list matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// The document's id (`bucket/key`) begins with one of these.
    Prefix(Vec<String>),
    /// The document lies at one of these places: see [`lies_at`].
    Within(Vec<String>),
    /// The passage is in one of these languages (ISO 639-1, or `und`).
    Language(Vec<String>),
    /// The document has one of these formats.
    Format(Vec<String>),
    /// The document was modified at this time or later, in seconds since 1970.
    Since(i64),
    /// The document was modified before this time, in seconds since 1970.
    Before(i64),
}

/// Whether a document (`bucket/key`) lies at a place: `docs/hr/` is what is under it, `docs/hr` the object of that name and what
/// is under it, and `docs` the bucket. Unlike a prefix, a place has no neighbours: `docs/hr-legal/x` does not lie at `docs/hr`.
#[must_use]
pub fn lies_at(document: &str, place: &str) -> bool {
    let rest = document.strip_prefix(place);
    rest.is_some_and(|rest| rest.is_empty() || place.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_ends_at_a_slash() {
        for (place, document, expected) in [
            ("docs/hr", "docs/hr", true),
            ("docs/hr", "docs/hr/a.md", true),
            ("docs/hr", "docs/hr/", true),
            ("docs/hr", "docs/hr-legal/a.md", false),
            ("docs/hr", "docs/hr.md", false),
            ("docs/hr/", "docs/hr/a.md", true),
            ("docs/hr/", "docs/hr", false),
            ("docs/hr/", "docs/hr-legal/a.md", false),
            ("docs/人事", "docs/人事/a.md", true),
            ("docs/人事", "docs/人事部/a.md", false),
            ("docs", "docs/a.md", true),
            ("docs/", "docs/a.md", true),
            ("docs", "docs2/a.md", false),
            ("", "docs/a.md", false),
            ("/", "docs/a.md", false),
        ] {
            assert_eq!(lies_at(document, place), expected, "{place} {document}");
        }
    }

    #[test]
    fn a_question_has_the_terms_of_each_language() {
        let languages = ["de".to_owned(), "en".to_owned()];
        let words = Words::of("running Häuser", &languages);
        assert_eq!(words.iter().collect::<Vec<_>>(), [("de", "running haus"), ("en", "run hauser")]);
        assert_eq!(words.clauses(), 6);
        assert_eq!(words.in_language("en"), ["run", "hauser"]);
        assert!(words.in_language("fr").is_empty());
        assert!(Words::of("?!", &languages).is_empty() && Words::of("a", &[]).is_empty());
    }
}
