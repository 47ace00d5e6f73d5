//! The generated documents: a list of parts, most of which survive an edit. Pure.

use crate::files;
use crate::prng::Prng;

/// A word that the engine's proxy rejects (see `proxy/engine.rs`).
pub const POISON: &str = "zqpoisonous";

const WORDS: [&str; 40] = [
    "river", "stone", "mill", "wheel", "water", "gate", "grain", "flour", "sack", "cart", "road", "hill",
    "town", "market", "bread", "oven", "baker", "smoke", "roof", "beam", "rope", "axle", "gear", "tooth",
    "shaft", "hopper", "sieve", "bran", "field", "plough", "seed", "rain", "cloud", "storm", "flood", "dam",
    "sluice", "weir", "pond", "heron",
];

/// Number of parts of a long document.
const LONG: usize = 900;

/// A document before it is rendered to bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    title: String,
    parts: Vec<Part>,
}

/// A part of about one passage.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// Words that occur in this text and nowhere else: one in each sentence, so that no lost sentence goes unnoticed.
    markers: Vec<String>,
    text: String,
}

impl Part {
    fn write(prng: &mut Prng) -> Self {
        let (mut markers, mut text) = (Vec::new(), String::new());
        for _ in 0..prng.between(2, 6) {
            let letters =
                (0..14).map(|_| char::from(b'a' + u8::try_from(prng.below(26)).unwrap_or_default()));
            let marker: String = "zq".chars().chain(letters).collect();
            text.extend(["The ", &marker]);
            for _ in 0..12 {
                text.push(' ');
                text.push_str(prng.pick(&WORDS).copied().unwrap_or_default());
            }
            text.push_str(". ");
            markers.push(marker);
        }
        Self { markers, text }
    }

    /// The text of its heading.
    fn heading(&self) -> &str {
        self.markers.first().and_then(|marker| marker.get(2..8)).unwrap_or("none")
    }
}

impl Draft {
    /// A new document of 1 to 12 parts.
    #[must_use]
    pub fn write(prng: &mut Prng) -> Self {
        let parts = (0..prng.between(1, 12)).map(|_| Part::write(prng)).collect();
        let title = format!("On {} and {}", prng.pick(&WORDS).copied().unwrap_or_default(), prng.below(1000));
        Self { title, parts }
    }

    /// A document of about a thousand passages: more than a worker's queue or one bulk request holds.
    #[must_use]
    pub fn write_long(prng: &mut Prng) -> Self {
        let parts = (0..LONG).map(|_| Part::write(prng)).collect();
        Self { parts, ..Self::write(prng) }
    }

    /// A document with one part that an engine rejects.
    #[must_use]
    pub fn poisonous(prng: &mut Prng) -> Self {
        let mut draft = Self::write(prng);
        let mut part = Part::write(prng);
        part.text.extend(["It is ", POISON, "."]);
        draft.parts.push(part);
        draft
    }

    /// Changes one to three parts: rewrites, adds, removes or moves them. All others stay as they are.
    pub fn edit(&mut self, prng: &mut Prng) {
        for _ in 0..prng.between(1, 3) {
            let place = prng.below(self.parts.len());
            match prng.below(4) {
                0 if self.parts.len() < 12 => self.parts.insert(place, Part::write(prng)),
                1 if self.parts.len() > 1 => drop(self.parts.remove(place)),
                2 if self.parts.len() > 1 => self.parts.swap(0, place),
                _ => self.parts[place] = Part::write(prng),
            }
        }
    }

    /// The words that occur in this document and nowhere else.
    pub fn markers(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|part| part.markers.iter().map(String::as_str))
    }

    /// The object's bytes, in the format of the key's extension; Markdown for any other extension.
    #[must_use]
    pub fn render(&self, key: &str) -> Vec<u8> {
        let paragraphs: Vec<&str> = self.parts.iter().map(|part| part.text.trim_end()).collect();
        match key.rsplit('.').next() {
            Some("txt") => paragraphs.join("\n\n").into_bytes(),
            Some("pdf") => files::pdf(&paragraphs),
            Some("docx") => files::docx(&paragraphs),
            Some("zip") => {
                let (front, back) = paragraphs.split_at(paragraphs.len() / 2);
                let mut members = vec![("notes/back.txt", back.join("\n\n"))];
                if !front.is_empty() {
                    members.push(("front.md", front.join("\n\n")));
                }
                let members: Vec<(&str, &[u8])> =
                    members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
                files::archive(&members)
            }
            _ => self.markdown().into_bytes(),
        }
    }

    fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n", self.title);
        for (number, part) in self.parts.iter().enumerate() {
            if number % 2 == 1 {
                text.extend(["## ", part.heading(), "\n\n"]);
            }
            text.extend([part.text.trim_end(), "\n\n"]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_changes_a_part_and_keeps_others() {
        let mut prng = Prng::new(5, "draft");
        let (mut changed, mut kept) = (0, 0);
        for _ in 0..100 {
            let before = Draft::write(&mut prng);
            let mut after = before.clone();
            after.edit(&mut prng);
            assert!((1..=12).contains(&after.parts.len()));
            changed += usize::from(before.render("a.md") != after.render("a.md"));
            let old: Vec<&str> = before.markers().collect();
            kept += usize::from(after.markers().any(|marker| old.contains(&marker)));
        }
        assert!(changed > 90 && kept > 70, "{changed} changed, {kept} kept something");
    }

    #[test]
    fn a_draft_is_the_same_for_the_same_seed_and_shows_its_markers() {
        let draft = Draft::write(&mut Prng::new(9, "draft"));
        assert_eq!(draft, Draft::write(&mut Prng::new(9, "draft")));
        let text = String::from_utf8(draft.render("a.txt")).unwrap();
        assert!(!text.starts_with('#') && draft.markers().all(|marker| text.contains(marker)));
        assert!(draft.render("a.md").starts_with(b"# "));
    }

    #[test]
    fn only_a_poisonous_draft_holds_poison() {
        let mut prng = Prng::new(9, "draft");
        let holds = |draft: &Draft| String::from_utf8(draft.render("a.md")).unwrap().contains(POISON);
        assert!(!holds(&Draft::write(&mut prng)));
        assert!(holds(&Draft::poisonous(&mut prng)));
    }
}
