//! Whether OpenSearch embeds as Millrace does: the same texts by both, compared.

use model::{Backend, Bundle, Encoder as _, EncoderSettings, Role};
use process::Failure;
use sink::{HostTrouble, ModelHost, TextSide, cosine};

/// Numbers of vectors that are the same differ by less: two libraries add in another order, and 1e-3 is the hundredfold of what
/// that has ever given here.
const LARGEST: f64 = 1e-3;
/// Vectors that are the same have at least this cosine.
const LEAST: f64 = 0.999;

/// Texts of several lengths, languages and kinds. A fixed list, so that figures can be compared from one model to the next.
const TEXTS: [&str; 12] = [
    "Kafka",
    "How is a document removed?",
    "The retention of the topic is seven days; what is older is deleted without notice.",
    "Die Straße über den Brenner ist wegen Schneefalls gesperrt, teilte die Polizei am Montag mit.",
    "我们的服务在杭州和上海的两个可用区运行，发生故障时会自动切换。",
    "これは検索エンジンのための短い説明文です。",
    "Le débit maximal autorisé est de 3,5 m³/s – au-delà, la vanne se ferme.",
    "تُحفظ الوثائق في مخزن الكائنات ثم تُفهرس تلقائيًا.",
    "Вода кипит при ста градусах Цельсия на уровне моря.",
    "| pump | P-101 | 4.0 kW | 2 900 min⁻¹ |\n| pump | P-102 | 5.5 kW | 1 450 min⁻¹ |",
    "fn main() { println!(\"{}\", std::env::args().count()); } // ¯\\_(ツ)_/¯ 🚰",
    "Maintenance > Filters\nBefore a filter is opened, the line has to be without pressure: close the valves on both sides, open \
     the drain, and wait until the gauge shows zero. Take out the old cartridge, wipe the seat with a clean cloth and look at \
     the seal; one that is hard or cracked is replaced, never greased. Put in the new cartridge with the arrow in the direction \
     of the flow. Close the cover by hand, then tighten the bolts crosswise in two rounds, first to half of the moment that the \
     data sheet gives and then to the whole. Open the valves slowly, vent the housing, and enter date, number of the filter and \
     your name in the log.",
];

/// What this machine makes of the texts.
#[derive(Debug)]
pub(super) struct Reference {
    sides: Vec<Side>,
}

/// The vectors of the texts as passages or as questions; for a model without prefixes it is all the same.
#[derive(Debug)]
struct Side {
    side: Option<TextSide>,
    vectors: Vec<(&'static str, Vec<f32>)>,
}

/// How near to each other both are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Agreement {
    /// Vectors that were compared.
    pub(super) texts: usize,
    /// The largest difference of two numbers.
    pub(super) largest: f64,
    /// The least cosine.
    pub(super) cosine: f64,
    /// The text for which they differ most.
    pub(super) worst: String,
}

impl Agreement {
    /// Whether vectors of both may stand in one index.
    pub(super) fn is_same(&self) -> bool {
        self.texts > 0 && self.largest <= LARGEST && self.cosine >= LEAST
    }

    fn take(&mut self, text: &str, ours: &[f32], theirs: &[f32]) {
        let (apart, alike) = if ours.len() == theirs.len() {
            (apart(ours, theirs), cosine(ours, theirs))
        } else {
            (f64::INFINITY, 0.0)
        };
        // What is no number must not pass for a small one.
        let (apart, alike) =
            (if apart.is_nan() { f64::INFINITY } else { apart }, if alike.is_nan() { 0.0 } else { alike });
        if self.texts == 0 || apart > self.largest {
            self.largest = apart;
            self.worst = text.chars().take(40).collect();
        }
        self.cosine = self.cosine.min(alike);
        self.texts += 1;
    }
}

impl Default for Agreement {
    fn default() -> Self {
        Self { texts: 0, largest: 0.0, cosine: 1.0, worst: String::new() }
    }
}

/// The largest difference of two numbers; no number where one of them is none.
fn apart(ours: &[f32], theirs: &[f32]) -> f64 {
    let pairs = ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    pairs.fold(0.0, |most, one| if one.is_nan() || one > most { one } else { most })
}

/// The vectors of the texts by the model's graph, with the prefix of each side where the model has one.
pub(super) async fn reference(bundle: &Bundle, settings: &EncoderSettings) -> Result<Reference, Failure> {
    let encoder = Backend::open(bundle, settings)?;
    let prefixes = &bundle.manifest().prefixes;
    let sides: &[(Option<TextSide>, Role)] = if prefixes.query.is_empty() && prefixes.passage.is_empty() {
        &[(None, Role::Passage)]
    } else {
        &[(Some(TextSide::Passage), Role::Passage), (Some(TextSide::Query), Role::Query)]
    };
    let mut found = Vec::new();
    for (side, role) in sides {
        let vectors = encoder.embed_each(Vec::from(TEXTS.map(str::to_owned)), *role).await?;
        // A model for short texts refuses the long ones, which OpenSearch would cut.
        let whole = TEXTS.into_iter().zip(vectors).filter_map(|(text, vector)| Some((text, vector.ok()?)));
        let whole: Vec<_> = whole.collect();
        if whole.len() * 2 < TEXTS.len() {
            let (all, few) = (TEXTS.len(), whole.len());
            let why = format!(
                "the model takes only {few} of {all} texts, too few to compare: its limit is too low"
            );
            return Err(why.into());
        }
        found.push(Side { side: *side, vectors: whole });
    }
    Ok(Reference { sides: found })
}

/// Has OpenSearch embed the same texts.
pub(super) async fn compare(
    host: &ModelHost,
    id: &str,
    reference: &Reference,
) -> Result<Agreement, HostTrouble> {
    let mut agreement = Agreement::default();
    for Side { side, vectors: ours } in &reference.sides {
        let texts: Vec<&str> = ours.iter().map(|(text, _)| *text).collect();
        let theirs = host.predict(id, &texts, *side).await?;
        for ((text, ours), theirs) in ours.iter().zip(&theirs) {
            agreement.take(text, ours, theirs);
        }
    }
    Ok(agreement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(pairs: &[(&[f32], &[f32])]) -> Agreement {
        let mut agreement = Agreement::default();
        for (ours, theirs) in pairs {
            agreement.take("some text", ours, theirs);
        }
        agreement
    }

    #[test]
    fn vectors_are_the_same_up_to_a_thousandth() {
        assert!(agreement(&[(&[0.6, 0.8], &[0.600_5, 0.799_6])]).is_same());
        let off = agreement(&[(&[0.6, 0.8], &[0.6, 0.8]), (&[0.6, 0.8], &[0.602, 0.798_5])]);
        assert!(!off.is_same() && off.cosine > LEAST, "{off:?}");
        assert!((off.largest - 0.002).abs() < 1e-6, "{off:?}");
        // The same direction and another length: the model does not normalise.
        assert!(!agreement(&[(&[0.6, 0.8], &[1.2, 1.6])]).is_same());
        assert!(!agreement(&[(&[0.6, 0.8], &[0.8, 0.6])]).is_same());
    }

    #[test]
    fn what_cannot_be_compared_is_not_the_same() {
        assert!(!Agreement::default().is_same(), "nothing was compared");
        assert!(!agreement(&[(&[0.6, 0.8], &[0.6])]).is_same());
        assert!(!agreement(&[(&[0.6, 0.8], &[f32::NAN, 0.8])]).is_same());
        assert!(!agreement(&[(&[f32::NAN], &[f32::NAN])]).is_same());
    }

    #[test]
    fn the_texts_are_of_many_kinds() {
        let lengths = TEXTS.map(|text| text.chars().count());
        assert!(
            lengths.iter().any(|length| *length < 10) && lengths.iter().any(|length| *length > 600),
            "{lengths:?}"
        );
        let scripts = ['我', 'こ', 'ت', 'В', 'ß', '🚰'];
        assert!(scripts.iter().all(|letter| TEXTS.iter().any(|text| text.contains(*letter))));
    }
}
