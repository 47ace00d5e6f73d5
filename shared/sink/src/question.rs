//! What is asked of a [`Reader`](crate::Reader): words, and the window of passages that is looked at. Pure.

/// A question's terms, as they are in each language of the index.
///
/// A passage is compared with the terms of its own language: stems of one language mean nothing in another.
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

    /// Language and terms, separated by spaces; no language without terms.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_language.iter().map(|(language, terms)| (language.as_str(), terms.as_str()))
    }

    /// The terms in one language.
    #[must_use]
    pub fn in_language(&self, language: &str) -> Vec<&str> {
        let mut all = self.iter().filter(|(one, _)| *one == language);
        all.next().map(|(_, terms)| terms.split(' ').collect()).unwrap_or_default()
    }

    /// True when there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_language.is_empty()
    }

    /// The most terms in one language: what an engine's limit on clauses counts.
    #[must_use]
    pub fn most_terms(&self) -> usize {
        self.iter().map(|(_, terms)| terms.split(' ').count()).max().unwrap_or_default()
    }
}

/// Which passages are looked at, and how many are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Every clause must hold. The engine applies them before it ranks, so that no other passage takes a place.
    pub filter: Vec<Clause>,
    /// Passages wanted at most.
    pub size: usize,
    /// Vectors looked at in each shard; raised to `size` if lower.
    pub candidates: usize,
}

impl Window {
    /// A window over everything, with the candidates that go with its size.
    #[must_use]
    pub fn of(size: usize) -> Self {
        Self { filter: Vec::new(), size, candidates: size * Self::CANDIDATES }
    }

    /// Vectors looked at for each passage wanted: recall against time.
    pub const CANDIDATES: usize = 4;
}

/// One condition on a passage. A clause with an empty list holds for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// Its document's id (`bucket/key`) begins with one of these.
    Prefix(Vec<String>),
    /// It is in one of these languages (ISO 639-1, or `und`).
    Language(Vec<String>),
    /// Its document has one of these formats.
    Format(Vec<String>),
    /// Its text stands since this time or later, in seconds since 1970.
    Since(i64),
    /// Its text stood before this time, in seconds since 1970.
    Before(i64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_the_terms_of_each_language() {
        let languages = ["de".to_owned(), "en".to_owned()];
        let words = Words::of("running Häuser", &languages);
        assert_eq!(words.iter().collect::<Vec<_>>(), [("de", "running haus"), ("en", "run hauser")]);
        assert_eq!(words.most_terms(), 2);
        assert_eq!(words.in_language("en"), ["run", "hauser"]);
        assert!(words.in_language("fr").is_empty());
        assert!(Words::of("?!", &languages).is_empty() && Words::of("a", &[]).is_empty());
    }
}
