//! Chooses what is quoted: greedily by terms, closeness and rank, with what limits it. Pure.

use std::collections::{HashMap, HashSet};

use super::super::Prompt;
use super::candidate::{Asked, Candidate, candidates};
use super::context;
use super::judge::{self, Judged};
use super::quote::Form;
use super::sentence::width;
use crate::chat::follow_up::refers_back;

/// Maximum number of quotations in an answer, without those that only limit another.
const MOST_QUOTATIONS: usize = 4;
/// Maximum length of an answer in characters; a Chinese character counts as three.
const LONGEST: usize = 700;
/// Minimum score of a further quotation, relative to the best.
const WORTHY: f64 = 0.55;
/// A term in the headings counts so much of one in the quotation itself.
const HEADING: f64 = 0.6;
/// The closeness of a vector counts so much of all terms.
const CLOSENESS: f64 = 0.7;

/// What can be quoted, and what its terms weigh.
pub(super) struct Found {
    pub(super) candidates: Vec<Candidate>,
    /// The question's terms for each passage: each is cut as its own language is.
    asked: Vec<Asked>,
    weights: HashMap<String, f64>,
    is_scaled: bool,
}

impl Found {
    pub(super) fn of(prompt: &Prompt) -> Self {
        let (asked, candidates) = candidates(prompt);
        let weights = weights(&asked, &candidates);
        let is_scaled = prompt.closeness.as_ref().is_some_and(|closeness| closeness.is_scaled);
        Self { candidates, asked, weights, is_scaled }
    }

    /// The weighted share of the question's terms that a candidate holds; those in `covered` count a quarter.
    pub(super) fn terms(&self, one: &Candidate, covered: &HashSet<&str>) -> f64 {
        let of = |term: &String| {
            let weight = self.weights.get(term).copied().unwrap_or_default();
            if covered.contains(term.as_str()) { weight / 4.0 } else { weight }
        };
        // The sum of nothing is -0.0.
        let own = 0.0 + one.own.iter().map(of).sum::<f64>();
        let heading: f64 = one.heading.iter().map(of).sum();
        let all = self.all(one.place.passage);
        if all > 0.0 { (own + HEADING * heading) / all } else { 0.0 }
    }

    /// What all terms of the question weigh, as they are cut for a passage.
    fn all(&self, passage: usize) -> f64 {
        let asked = self.asked.get(passage).map(|asked| &asked.terms);
        asked.into_iter().flatten().filter_map(|term| self.weights.get(term)).sum()
    }

    /// What a candidate is worth beside those chosen, which hold the terms in `covered`.
    fn worth(&self, one: &Candidate, covered: &HashSet<&str>) -> f64 {
        let close = one.closeness.unwrap_or_default().clamp(0.0, 1.2) * CLOSENESS;
        let close = if covered.is_empty() { close } else { close / 2.0 };
        (self.terms(one, covered) + close) * one.rank
    }

    /// The best candidates, best first.
    pub(super) fn choose(&self) -> Vec<&Candidate> {
        let (mut chosen, mut covered, mut length) = (Vec::<&Candidate>::new(), HashSet::new(), 0);
        let mut first = None;
        while chosen.len() < MOST_QUOTATIONS {
            let free = self.candidates.iter().filter(|one| chosen.iter().all(|other| !is_like(one, other)));
            let fits = free.filter(|one| chosen.is_empty() || length + width(&one.quote.text) <= LONGEST);
            let best = fits.max_by(|a, b| {
                self.worth(a, &covered)
                    .total_cmp(&self.worth(b, &covered))
                    .then_with(|| b.place.cmp(&a.place))
            });
            let Some(best) = best else { break };
            let worth = self.worth(best, &covered);
            if worth <= 0.0 || worth < WORTHY * *first.get_or_insert(worth) {
                break;
            }
            length += width(&best.quote.text);
            covered.extend(best.own.iter().chain(&best.heading).map(String::as_str));
            chosen.push(best);
        }
        chosen
    }

    /// The chosen ones with the sentences that limit them, or that they lean on: the passage of the best one first, within
    /// a passage in the original order.
    pub(super) fn in_context<'a>(&'a self, chosen: &[&'a Candidate]) -> Vec<&'a Candidate> {
        let order: Vec<usize> = chosen.iter().map(|one| one.place.passage).collect();
        let mut length: usize = chosen.iter().map(|one| width(&one.quote.text)).sum();
        let mut all: Vec<&Candidate> = chosen.to_vec();
        for one in chosen.iter().filter(|one| one.quote.form == Form::Sentence) {
            let mut last = *one;
            let before = self.beside(one, -1).filter(|_| context::leans(&one.quote.text));
            let mut beside: Vec<&Candidate> = before.into_iter().collect();
            while let Some(next) = self.beside(last, 1).filter(|next| context::limits(&next.quote.text)) {
                beside.push(next);
                last = next;
            }
            for candidate in beside {
                let is_new = all.iter().all(|other| other.place != candidate.place);
                if is_new && length + width(&candidate.quote.text) <= LONGEST {
                    length += width(&candidate.quote.text);
                    all.push(candidate);
                }
            }
        }
        let first_mention = |place: usize| order.iter().position(|other| *other == place);
        all.sort_by_key(|one| (first_mention(one.place.passage), one.place.quotation));
        all
    }

    /// The sentence before or after one, in the same part of its passage.
    fn beside(&self, one: &Candidate, by: isize) -> Option<&Candidate> {
        let at = self.candidates.iter().position(|other| other.place == one.place)?;
        let beside = self.candidates.get(at.checked_add_signed(by)?)?;
        let is_same = beside.place.passage == one.place.passage && beside.quote.block == one.quote.block;
        (is_same && beside.quote.form == Form::Sentence).then_some(beside)
    }

    /// Whether a question has hardly a term: "ok and how do I delete it" asks about nothing by itself.
    fn is_about_little(&self, best: &Candidate) -> bool {
        self.asked.get(best.place.passage).is_some_and(|asked| asked.terms.len() <= 2)
    }

    pub(super) fn judged(&self, prompt: &Prompt, best: &Candidate, chosen: &[&Candidate]) -> Judged {
        let none = HashSet::new();
        let covered: HashSet<&String> =
            chosen.iter().flat_map(|one| one.own.iter().chain(&one.heading)).collect();
        let held = 0.0 + covered.into_iter().filter_map(|term| self.weights.get(term)).sum::<f64>();
        let all = self.all(best.place.passage);
        let coverage = if all > 0.0 { (held / all).min(1.0) } else { 0.0 };
        let closest = chosen.iter().filter_map(|one| one.closeness).max_by(f64::total_cmp);
        let closeness = closest.filter(|_| self.is_scaled).map(|close| close.clamp(0.0, 1.2));
        if prompt.history.is_empty() && refers_back(&prompt.question) && self.is_about_little(best) {
            return Judged::default();
        }
        let names = judge::names(&prompt.question, &prompt.passages);
        Judged::of(coverage, self.terms(best, &none), closeness, names)
    }
}

/// The weight of each of the question's terms: higher, the fewer quotations hold it.
fn weights(asked: &[Asked], candidates: &[Candidate]) -> HashMap<String, f64> {
    let mut holding: HashMap<&str, usize> = HashMap::new();
    for term in candidates.iter().flat_map(|candidate| candidate.own.iter().chain(&candidate.heading)) {
        *holding.entry(term).or_default() += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "quotations of a prompt")]
    let weight = |term: &str| {
        let count = holding.get(term).copied().unwrap_or_default();
        (1.0 + candidates.len() as f64 / (count as f64 + 0.5)).ln()
    };
    let terms: HashSet<&String> = asked.iter().flat_map(|asked| &asked.terms).collect();
    terms.into_iter().map(|term| (term.clone(), weight(term))).collect()
}

/// Whether one quotation says little that the other does not.
fn is_like(one: &Candidate, other: &Candidate) -> bool {
    let shared = one.words.intersection(&other.words).count();
    one.place == other.place || shared * 5 >= one.words.len().min(other.words.len()) * 4
}
