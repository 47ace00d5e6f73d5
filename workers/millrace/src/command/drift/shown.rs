//! Reports as people read them. Pure.

use std::time::{Duration, UNIX_EPOCH};

use ::drift::{DriftMeasure, shown_value};
use message::{DriftClue, DriftMeasurement, DriftReport, DriftWindow, TopicDrift};

/// Topics that are shown.
const TOPICS: usize = 5;

/// A reference that was taken.
pub(super) fn taken(window: &DriftWindow) -> Vec<String> {
    let DriftWindow { passages, documents, .. } = window;
    vec![
        format!("the reference holds {passages} passages of {documents} documents, as they are now"),
        "questions follow from those that are asked from now on; `millrace drift measure` compares what is new".to_owned(),
    ]
}

/// A whole report.
pub(super) fn report(report: &DriftReport) -> Vec<String> {
    let DriftReport { index, generation, reference, current, measurements, clues, topics, text, .. } = report;
    let mut lines = vec![
        format!("{index}, generation {generation}: {} beside {}", seen(current), seen(reference)),
        format!(
            "from {} to {}; reference of {}",
            time(current.from),
            time(current.until),
            time(reference.until)
        ),
    ];
    if !measurements.is_empty() {
        let [name, then, now, worse, p, verdict] =
            ["measure", "reference", "now", "worse by", "p", "verdict"];
        lines.push(format!("  {name:<46} {then:>9} {now:>9} {worse:>9} {p:>8}  {verdict}"));
        lines.extend(measurements.iter().map(measurement));
    }
    if !clues.is_empty() || !topics.is_empty() {
        lines.push("what explains it, and triggers nothing:".to_owned());
        lines.extend(clues.iter().map(clue));
        lines.extend(topics.iter().take(TOPICS).map(topic));
    }
    lines.push(text.clone());
    lines
}

fn seen(window: &DriftWindow) -> String {
    let DriftWindow { passages, documents, questions, .. } = window;
    format!("{passages} passages of {documents} documents and {questions} questions")
}

fn time(seconds: u64) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    time.map_or_else(|| "–".to_owned(), |time| humantime::format_rfc3339_seconds(time).to_string())
}

fn measurement(one: &DriftMeasurement) -> String {
    let DriftMeasurement { name, reference, current, effect, counts_from, adjusted, over, .. } = one;
    let known = DriftMeasure::ALL.into_iter().find(|measure| measure.name() == name);
    let value = |value: f64| known.map_or_else(|| format!("{value:.3}"), |known| shown_value(known, value));
    let words = known.map_or(name.as_str(), |known| known.words());
    let verdict = if *over {
        "over its bound".to_owned()
    } else if effect >= counts_from {
        "may be chance".to_owned()
    } else {
        format!("counts from {counts_from}")
    };
    let (then, now, p) = (value(*reference), value(*current), probability(*adjusted));
    format!("  {words:<46} {then:>9} {now:>9} {effect:>+9.3} {p:>8}  {verdict}")
}

fn probability(p: f64) -> String {
    if p < 0.0001 { "< .0001".to_owned() } else { format!("{p:.4}") }
}

fn clue(clue: &DriftClue) -> String {
    let DriftClue { name, value, p, text } = clue;
    let p = p.map(|p| format!(", p {}", probability(p))).unwrap_or_default();
    format!("  {name} {value:.3}{p}: {text}")
}

fn topic(topic: &TopicDrift) -> String {
    let TopicDrift { name, reference, current, reference_found, found } = topic;
    let share = |share: &f64| format!("{:.0} %", 100.0 * share);
    let was = reference_found.as_ref().map_or_else(|| "–".to_owned(), share);
    let is = found.as_ref().map_or_else(|| "–".to_owned(), share);
    format!(
        "  around {name}: {} of the passages, {} now; found by their own opening {was}, {is} now",
        share(reference),
        share(current)
    )
}

#[cfg(test)]
pub(super) mod tests {
    use message::Fingerprint;

    use super::*;

    pub(in super::super) fn report() -> DriftReport {
        let measurement = |name: &str, current, effect, over| DriftMeasurement {
            name: name.to_owned(),
            reference: 0.93,
            current,
            effect,
            counts_from: 0.08,
            p: 0.000_001,
            adjusted: 0.000_007,
            reference_n: 1_024,
            n: 512,
            over,
        };
        DriftReport {
            index: "millrace".to_owned(),
            generation: "0123456789ab".to_owned(),
            space: Fingerprint::of(&[]),
            reference: DriftWindow { passages: 1_024, documents: 803, ..DriftWindow::default() },
            current: DriftWindow {
                from: 86_400,
                until: 172_800,
                passages: 512,
                documents: 300,
                questions: 0,
            },
            measurements: vec![
                measurement("own_opening", 0.75, 0.18, true),
                measurement("of_a_later_release", 0.9, 0.03, false),
            ],
            signals: Vec::new(),
            signal: false,
            held_back: None,
            clues: vec![DriftClue {
                name: "mmd".to_owned(),
                value: 0.04,
                p: Some(0.005),
                text: "new passages lie elsewhere".to_owned(),
            }],
            topics: vec![TopicDrift {
                name: "1 · docs/a.md".to_owned(),
                reference: 0.6,
                current: 0.2,
                reference_found: Some(0.95),
                found: None,
            }],
            text: "Nothing has been worse for long enough to count: 2 measures.".to_owned(),
        }
    }

    #[test]
    fn a_report_is_shown_with_all_its_measures() {
        let lines = super::report(&report());
        assert!(lines[1].contains("1970-01-02T00:00:00Z to 1970-01-03T00:00:00Z"), "{}", lines[1]);
        let own = lines.iter().find(|line| line.contains("own opening")).unwrap();
        for word in ["93.0 %", "75.0 %", "+0.180", "< .0001", "over its bound"] {
            assert!(own.contains(word), "{word} in {own}");
        }
        let later = lines.iter().find(|line| line.contains("of_a_later_release")).unwrap();
        assert!(later.contains("0.930") && later.contains("counts from 0.08"), "{later}");
        assert!(lines.iter().any(|line| line.contains("mmd 0.040, p 0.0050: new passages")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("95 %, – now")), "{lines:?}");
        assert_eq!(lines.last(), Some(&report().text));
    }
}
