//! What the bucket must contain, and what happens to it next. Pure: the oracle performs what is decided here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::draft::Draft;
use crate::prng::Prng;

/// How many keys count as touched last.
const RECENT: usize = 8;

/// In seeds that drop notices, those of keys with this prefix are dropped.
pub const LOST: &str = "lost/";

/// Patterns of keys: plain ones, and ones that each layer encodes differently.
const SHAPES: [&str; 12] = [
    "guide/page-{}.md",
    "notes/{}.txt",
    "a b/page {}.md",
    "plus+plus/{} + {}.md",
    "percent%41/{}%2F.md",
    "中文/文件 {}.md",
    "naïve/🦀 {}.txt",
    "q&a=#?/{}.md",
    "guide/{}.txt",
    "papers/{}.pdf",
    "office/report {}.docx",
    "bundles/{}.zip",
];

/// One call to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Writes an object.
    Put(String, Vec<u8>),
    /// Deletes an object.
    Delete(String),
}

/// The expected bucket.
#[derive(Debug, Default)]
pub struct Mirror {
    /// Every object of this run.
    objects: BTreeMap<String, Vec<u8>>,
    /// The markers of each object.
    markers: BTreeMap<String, Vec<String>>,
    /// The drafts of the live objects that this seed may touch.
    drafts: BTreeMap<String, Draft>,
    /// Drafts of this seed whose objects were deleted.
    gone: Vec<(String, Draft)>,
    /// Keys touched last, the latest first.
    recent: VecDeque<String>,
    /// Every marker written in this seed.
    written: BTreeSet<String>,
    prefix: String,
    numbered: usize,
    drops: bool,
}

impl Mirror {
    /// Begins a seed: existing objects stay and are not touched any more. With `drops`, some new keys begin with
    /// [`LOST`].
    pub fn begin(&mut self, seed: u64, drops: bool) {
        let (objects, markers) = (std::mem::take(&mut self.objects), std::mem::take(&mut self.markers));
        *self = Self { objects, markers, prefix: format!("seed-{seed}/"), drops, ..Self::default() };
    }

    /// Every object, by key.
    #[must_use]
    pub fn objects(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.objects
    }

    /// How often each marker occurs in the bucket.
    #[must_use]
    pub fn live_markers(&self) -> BTreeMap<&str, usize> {
        let mut live = BTreeMap::new();
        for marker in self.markers.values().flatten() {
            *live.entry(marker.as_str()).or_default() += 1;
        }
        live
    }

    /// Words that must not be found: they occurred in texts of this seed that were overwritten or deleted.
    #[must_use]
    pub fn forgotten(&self) -> Vec<String> {
        let live: BTreeSet<&str> = self.drafts.values().flat_map(Draft::markers).collect();
        self.written.iter().filter(|marker| !live.contains(marker.as_str())).cloned().collect()
    }

    /// Words that must be found: one from each live text of this seed.
    #[must_use]
    pub fn remembered(&self) -> Vec<String> {
        self.drafts.values().filter_map(|draft| draft.markers().next().map(str::to_owned)).collect()
    }

    /// The next change: its kind, and the calls to the store.
    pub fn next(&mut self, prng: &mut Prng) -> (&'static str, Vec<Act>) {
        let crowd = self.drafts.len();
        let kind = match prng.below(100) {
            _ if crowd < 12 => "put",
            0..15 if crowd < 90 => "put",
            0..45 => "edit",
            45..55 => "rewrite",
            55..68 => "rename",
            68..84 => "delete",
            84..96 if !self.gone.is_empty() => "recreate",
            _ => "same",
        };
        (kind, self.change(kind, prng))
    }

    fn change(&mut self, kind: &'static str, prng: &mut Prng) -> Vec<Act> {
        if kind == "put" {
            return vec![self.put_new(prng)];
        }
        if kind == "recreate" {
            let place = prng.below(self.gone.len());
            let (key, mut draft) = self.gone.swap_remove(place);
            if prng.chance(50) {
                draft.edit(prng);
            }
            return vec![self.put(key, draft)];
        }
        let keys: Vec<String> = self.drafts.keys().cloned().collect();
        let Some(key) = prng.pick(&keys).cloned() else { return Vec::new() };
        let Some(mut draft) = self.drafts.get(&key).cloned() else { return Vec::new() };
        match kind {
            "delete" => vec![self.delete(&key)],
            "rename" => {
                let copy = self.new_key(prng);
                vec![self.put(copy, draft), self.delete(&key)]
            }
            "edit" => {
                draft.edit(prng);
                vec![self.put(key, draft)]
            }
            "rewrite" => vec![self.put(key, Draft::write(prng))],
            _ => vec![self.put(key, draft)],
        }
    }

    /// Puts a new document.
    pub fn put_new(&mut self, prng: &mut Prng) -> Act {
        let key = self.new_key(prng);
        self.put(key, Draft::write(prng))
    }

    /// Puts a new long document.
    pub fn put_long(&mut self, prng: &mut Prng) -> Act {
        self.numbered += 1;
        let key = format!("{}long/{}.md", self.prefix, self.numbered);
        self.put(key, Draft::write_long(prng))
    }

    /// Puts a document that an engine refuses, and returns its key.
    pub fn put_poison(&mut self, prng: &mut Prng) -> (String, Act) {
        self.numbered += 1;
        let key = format!("{}poison/{}.md", self.prefix, self.numbered);
        let act = self.put(key.clone(), Draft::poisonous(prng));
        // Only the caller may touch it.
        self.drafts.remove(&key);
        self.recent.retain(|recent| *recent != key);
        (key, act)
    }

    /// Deletes an object, which may be one from [`Mirror::put_poison`].
    pub fn delete(&mut self, key: &str) -> Act {
        if let Some(draft) = self.drafts.remove(key) {
            self.gone.push((key.to_owned(), draft));
        }
        self.objects.remove(key);
        self.markers.remove(key);
        self.touch(key);
        Act::Delete(key.to_owned())
    }

    /// Edits or deletes each key touched last, so that a worker that was stopped meanwhile holds stale data.
    pub fn disturb(&mut self, prng: &mut Prng) -> Vec<Act> {
        let recent: Vec<String> = self.recent.iter().cloned().collect();
        let mut acts = Vec::new();
        for (number, key) in recent.iter().enumerate() {
            let Some(mut draft) = self.drafts.get(key).cloned() else { continue };
            if number % 2 == 0 {
                acts.push(self.delete(key));
            } else {
                draft.edit(prng);
                acts.push(self.put(key.clone(), draft));
            }
        }
        acts
    }

    /// Puts every object that this seed may touch again, unchanged.
    #[must_use]
    pub fn touch_all(&self) -> Vec<Act> {
        let put = |key: &String| Some(Act::Put(key.clone(), self.objects.get(key)?.clone()));
        self.drafts.keys().filter_map(put).collect()
    }

    /// Puts another text under this key; none if this seed may not touch it.
    pub fn overwrite(&mut self, key: &str, prng: &mut Prng) -> Option<Act> {
        let mut draft = self.drafts.get(key).cloned()?;
        draft.edit(prng);
        Some(self.put(key.to_owned(), draft))
    }

    fn put(&mut self, key: String, draft: Draft) -> Act {
        let bytes = draft.render(&key);
        self.written.extend(draft.markers().map(str::to_owned));
        self.gone.retain(|(gone, _)| *gone != key);
        self.objects.insert(key.clone(), bytes.clone());
        self.markers.insert(key.clone(), draft.markers().map(str::to_owned).collect());
        self.drafts.insert(key.clone(), draft);
        self.touch(&key);
        Act::Put(key, bytes)
    }

    fn touch(&mut self, key: &str) {
        self.recent.retain(|recent| recent != key);
        self.recent.push_front(key.to_owned());
        self.recent.truncate(RECENT);
    }

    fn new_key(&mut self, prng: &mut Prng) -> String {
        self.numbered += 1;
        let shape = prng.pick(&SHAPES).copied().unwrap_or_default();
        let lost = if self.drops && prng.chance(30) { LOST } else { "" };
        format!("{lost}{}{}", self.prefix, shape.replace("{}", &self.numbered.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket that does as it is told.
    fn apply(bucket: &mut BTreeMap<String, Vec<u8>>, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Put(key, bytes) => drop(bucket.insert(key, bytes)),
                Act::Delete(key) => drop(bucket.remove(&key)),
            }
        }
    }

    #[test]
    fn the_mirror_is_what_a_bucket_holds_that_does_as_told() {
        let (mut mirror, mut prng) = (Mirror::default(), Prng::new(11, "mirror"));
        let (mut bucket, mut kinds) = (BTreeMap::new(), BTreeSet::new());
        for seed in 1..=3 {
            mirror.begin(seed, seed == 2);
            for step in 0..400 {
                let (kind, acts) = mirror.next(&mut prng);
                kinds.insert(kind);
                apply(&mut bucket, acts);
                if step % 50 == 0 {
                    apply(&mut bucket, mirror.disturb(&mut prng));
                }
            }
            assert_eq!(*mirror.objects(), bucket);
        }
        assert_eq!(kinds.len(), 7, "{kinds:?}");
        let lost = bucket.keys().filter(|key| key.starts_with(LOST)).count();
        assert!(lost > 3 && bucket.keys().any(|key| key.contains('%')) && bucket.len() > 60);
    }

    #[test]
    fn forgotten_words_stand_in_no_live_text() {
        let (mut mirror, mut prng) = (Mirror::default(), Prng::new(12, "mirror"));
        mirror.begin(1, false);
        for _ in 0..300 {
            mirror.next(&mut prng);
        }
        let all = mirror.live_markers();
        assert!(mirror.forgotten().len() > 50);
        assert!(mirror.forgotten().iter().all(|word| !all.contains_key(word.as_str())));
        assert!(mirror.remembered().iter().all(|word| all.contains_key(word.as_str())));
    }

    #[test]
    fn disturbing_changes_what_was_touched_last_and_leaves_poison_alone() {
        let (mut mirror, mut prng) = (Mirror::default(), Prng::new(13, "mirror"));
        mirror.begin(1, false);
        let (poison, _) = mirror.put_poison(&mut prng);
        let mut keys = Vec::new();
        for _ in 0..4 {
            match mirror.put_new(&mut prng) {
                Act::Put(key, _) => keys.push(key),
                Act::Delete(key) => panic!("{key} was deleted"),
            }
        }
        let touched: Vec<String> = mirror
            .disturb(&mut prng)
            .into_iter()
            .map(|act| match act {
                Act::Put(key, _) | Act::Delete(key) => key,
            })
            .collect();
        assert_eq!(touched.len(), 4);
        assert!(keys.iter().all(|key| touched.contains(key)) && mirror.objects().contains_key(&poison));
        assert_eq!(mirror.objects().len(), 3);
        assert!(mirror.overwrite(&poison, &mut prng).is_none());
    }
}
