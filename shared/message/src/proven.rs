//! The scores of a proof as [`crate::ModelEntry::scores`] keeps them: flat names with numbers. Whoever proves a model and whoever
//! shows it agree here on the names.

use std::collections::BTreeMap;

/// What is measured.
const MEASURE: &str = " ndcg@10";

/// nDCG@10 of one set of questions: with a model, and with the one that it was compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvenScore {
    /// What was asked: `golden vector`, `golden hybrid`, or a general set and its split, which is asked by vector.
    pub name: String,
    /// With the model.
    pub after: f64,
    /// With the one that it was compared with.
    pub before: Option<f64>,
    /// What was gained: the mean over the questions.
    pub gain: Option<f64>,
    /// Where the gain's 95 % interval begins.
    pub low: Option<f64>,
    /// Where it ends.
    pub high: Option<f64>,
}

impl ProvenScore {
    /// The entries that keep it. What is no number is left out: nobody could read the model's entry.
    #[must_use]
    pub fn entries(&self) -> Vec<(String, f64)> {
        let Self { name, after, before, gain, low, high } = self;
        let parts = [
            ("", Some(*after)),
            (" before", *before),
            (" gain", *gain),
            (" gain low", *low),
            (" gain high", *high),
        ];
        let finite = |(part, value): (&str, Option<f64>)| {
            let value = value.filter(|value| value.is_finite())?;
            Some((format!("{name}{MEASURE}{part}"), value))
        };
        parts.into_iter().filter_map(finite).collect()
    }

    /// All that these entries keep, by name. One whose score with the model is missing is left out.
    #[must_use]
    pub fn all(scores: &BTreeMap<String, f64>) -> Vec<Self> {
        let named = scores.iter().filter_map(|(key, after)| Some((key.strip_suffix(MEASURE)?, *after)));
        let one = |(name, after): (&str, f64)| {
            let part = |part: &str| scores.get(&format!("{name}{MEASURE}{part}")).copied();
            Self {
                name: name.to_owned(),
                after,
                before: part(" before"),
                gain: part(" gain"),
                low: part(" gain low"),
                high: part(" gain high"),
            }
        };
        named.map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(name: &str) -> ProvenScore {
        let (before, gain) = (Some(0.61), Some(0.04));
        ProvenScore { name: name.to_owned(), after: 0.65, before, gain, low: Some(0.03), high: Some(0.05) }
    }

    #[test]
    fn what_is_entered_is_read_again() {
        let all = [score("golden hybrid"), score("golden vector"), score("scifact test")];
        let scores: BTreeMap<String, f64> = all.iter().flat_map(ProvenScore::entries).collect();
        assert!((scores["golden vector ndcg@10 gain low"] - 0.03).abs() < 1e-12, "{scores:?}");
        assert_eq!(scores.len(), 15);
        assert_eq!(ProvenScore::all(&scores), all);
    }

    #[test]
    fn what_is_no_number_is_not_entered_and_what_is_missing_is_none() {
        let one = ProvenScore { gain: Some(f64::NAN), low: None, high: None, ..score("golden") };
        let mut scores: BTreeMap<String, f64> = one.entries().into_iter().collect();
        assert_eq!(scores.len(), 2);
        scores.insert("recall".to_owned(), 0.9);
        assert_eq!(ProvenScore::all(&scores), [ProvenScore { gain: None, ..one }]);
        scores.remove("golden ndcg@10");
        assert!(ProvenScore::all(&scores).is_empty());
    }
}
