//! Which blocks of an article's page are the article: news, blogs and recipes stand among teasers, comments and
//! advertisements whose markup looks like text.
//!
//! A library that was measured on such pages says what the text is (rs-trafilatura, a port of trafilatura); what it
//! says decides only which of our blocks stay, so that headings, lists, tables and code are read as on any page. What
//! it loses within the article stays (quotations, tables, code), what it leaves of teasers goes. Figures: FORMATS.md.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::catch_unwind;
use std::sync::Arc;

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::Node;

use super::{Html, element};
use crate::composer::Composer;
use crate::format::Format as _;
use crate::{Block, BlockKind, Extracted};

/// Larger pages are no articles, and the library's time is not bounded.
const LARGEST_PAGE: usize = 4 << 20;
const MOST_NODES: usize = 50_000;
/// Words in a row that are compared.
const GRAM: usize = 4;
/// Share of a block's rows of words, in percent, that must be in the article.
const COVERED: usize = 80;
/// An article that has fewer words is not trusted to be one.
const FEWEST_WORDS: usize = 40;
/// Share of the words of the library's text, in percent, that must be found in ours: less is a summary that the page
/// holds for machines.
const FOUND: usize = 20;
/// Words up to which a line says little: "Share this", a name, a tag.
const LAST_WORDS: usize = 3;
/// So many lines stay at least.
const FEWEST_LINES: usize = 3;
/// As many lines one after another that are links are navigation, however short.
const MANY_LINKS: usize = 5;
/// What pages call advertising.
const ADVERTISING: [&str; 9] =
    ["ad", "ads", "advert", "advertisement", "advertising", "anzeige", "werbung", "publicité", "广告"];
/// How sentences end.
const ENDS: [char; 9] = ['.', '!', '?', '…', '"', '”', '。', '！', '？'];
/// Words before a colon that announce a link: "Read more", "See also".
const CUE_WORDS: usize = 3;

/// Keeps what of an article's page is the article; a page for which that cannot be said stays as it is.
pub(super) fn only(source: &str, root: NodeRef<'_, Node>, page: Extracted) -> Extracted {
    if source.len() > LARGEST_PAGE || root.descendants().nth(MOST_NODES).is_some() {
        return page;
    }
    let Some(article) = article_text(source) else { return page };
    let article = words(&article);
    if article.len() < FEWEST_WORDS {
        return page;
    }
    let kept = kept(&page, &Grams::of(&article), &Surroundings::of(root));
    let chosen = || page.blocks.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(block, _)| block);
    let found: usize = chosen().map(|block| words(text(&page, block)).len()).sum();
    if found < FEWEST_WORDS || found * 100 < article.len() * FOUND {
        return page;
    }
    rebuilt(page, &kept)
}

/// What the library takes for the article; nothing when it fails or takes the page for something else.
fn article_text(source: &str) -> Option<String> {
    // A page that was read before it was asked is not lost to a panic of the library.
    let found = catch_unwind(|| rs_trafilatura::extract(source)).ok()?.ok()?;
    (found.metadata.page_type.as_deref() != Some("documentation")).then_some(found.content_text)
}

/// Which blocks stay.
fn kept(page: &Extracted, article: &Grams, around: &Surroundings) -> Vec<bool> {
    let lines: Vec<Vec<String>> = page.blocks.iter().map(|block| words(text(page, block))).collect();
    let mut kept: Vec<bool> = lines.iter().map(|words| article.cover(words)).collect();
    let (Some(first), Some(last)) = (kept.iter().position(|kept| *kept), kept.iter().rposition(|kept| *kept))
    else {
        return kept;
    };
    for (at, (block, words)) in page.blocks.iter().zip(&lines).enumerate() {
        let within = first < at && at < last;
        let is_shown = matches!(block.kind, BlockKind::Code | BlockKind::Table);
        if let Some(kept) = kept.get_mut(at) {
            *kept |= within && (is_shown || around.quotes.cover(words));
            *kept &= !around.is_announced(text(page, block)) && !is_headline(page, block);
        }
    }
    drop_rows_of_links(page, &lines, around, &mut kept);
    drop_before_headline(page, &lines, &mut kept);
    drop_last_lines(page, &lines, around, &mut kept);
    drop_repetitions(page, &lines, &mut kept);
    drop_empty_sections(page, &mut kept);
    kept
}

/// What stands above the headline is of the site, if most stands below it.
fn drop_before_headline(page: &Extracted, lines: &[Vec<String>], kept: &mut [bool]) {
    let Some(headline) = page.blocks.iter().position(|block| is_headline(page, block)) else { return };
    let mut sizes = lines.iter().zip(&*kept).map(|(words, kept)| if *kept { words.len() } else { 0 });
    let above: usize = sizes.by_ref().take(headline).sum();
    if above < sizes.sum() {
        for kept in kept.iter_mut().take(headline) {
            *kept = false;
        }
    }
}

/// A line that repeats the one before it or the headline, as below pictures, and one that says that advertising follows.
fn drop_repetitions(page: &Extracted, lines: &[Vec<String>], kept: &mut [bool]) {
    let headline = page.blocks.iter().position(|block| is_headline(page, block));
    let headline = headline.and_then(|at| lines.get(at));
    let mut before: Option<&Vec<String>> = None;
    for ((block, words), kept) in page.blocks.iter().zip(lines).zip(kept).filter(|(_, kept)| **kept) {
        let is_text = matches!(block.kind, BlockKind::Paragraph | BlockKind::Heading);
        let is_notice = matches!(words.as_slice(), [word] if ADVERTISING.contains(&word.as_str()));
        if is_text && (is_notice || before == Some(words) || headline == Some(words)) {
            *kept = false;
        } else {
            before = Some(words);
        }
    }
}

/// A heading below which nothing stayed goes, too.
fn drop_empty_sections(page: &Extracted, kept: &mut [bool]) {
    // how deep the next thing that stays is in the outline, if it is a heading
    let mut next = Some(0);
    for (block, kept) in page.blocks.iter().zip(kept).rev().filter(|(_, kept)| **kept) {
        if block.kind != BlockKind::Heading {
            next = None;
        } else if next.is_some_and(|next| next <= block.heading_path.len()) {
            *kept = false;
        } else {
            next = Some(block.heading_path.len());
        }
    }
}

/// Lines one after another that are links and nothing else lead elsewhere: two that say something, or many.
fn drop_rows_of_links(page: &Extracted, lines: &[Vec<String>], around: &Surroundings, kept: &mut [bool]) {
    let leads = |at: usize, kept: &[bool]| {
        kept.get(at) == Some(&true)
            && lines.get(at).is_some_and(|words| around.is_link(words))
            && page
                .blocks
                .get(at)
                .is_some_and(|block| matches!(block.kind, BlockKind::ListItem | BlockKind::Paragraph))
    };
    let mut at = 0;
    while at < kept.len() {
        let end = (at..kept.len()).find(|end| !leads(*end, kept)).unwrap_or(kept.len());
        let said = lines.get(at..end).unwrap_or_default().iter().filter(|words| words.len() > LAST_WORDS - 1);
        if said.count() > 1 || end - at >= MANY_LINKS {
            for kept in kept.get_mut(at..end).unwrap_or_default() {
                *kept = false;
            }
        }
        at = end.max(at + 1);
    }
}

/// What follows the last sentence: names, tags, links. Sentences, items, code and rows stay, however short.
fn drop_last_lines(page: &Extracted, lines: &[Vec<String>], around: &Surroundings, kept: &mut [bool]) {
    let mut left = kept.iter().filter(|kept| **kept).count();
    let blocks = page.blocks.iter().zip(lines).zip(kept).rev();
    for ((block, words), kept) in blocks.filter(|(_, kept)| **kept) {
        let is_text = matches!(block.kind, BlockKind::Paragraph | BlockKind::Heading);
        let is_sentence = text(page, block).ends_with(ENDS);
        let says_little = is_text && words.len() <= LAST_WORDS && !is_sentence;
        if left <= FEWEST_LINES || !says_little && !around.is_link(words) {
            return;
        }
        *kept = false;
        left -= 1;
    }
}

/// Whether a heading is the article's headline: it is the title, but for the site's name, and stays above every passage.
fn is_headline(page: &Extracted, block: &Block) -> bool {
    let Some(title) = page.title.as_deref().filter(|_| block.kind == BlockKind::Heading) else {
        return false;
    };
    let heading = text(page, block);
    title.contains(heading) && words(heading).len() * 2 > words(title).len()
}

/// The page with these of its blocks. Headings that go, but for the headline, are no longer above what stays.
fn rebuilt(page: Extracted, kept: &[bool]) -> Extracted {
    let headings = |wanted: bool| {
        let of_kind = |(block, kept): &(&Block, &bool)| {
            block.kind == BlockKind::Heading && (**kept || is_headline(&page, block)) == wanted
        };
        page.blocks
            .iter()
            .zip(kept)
            .filter(of_kind)
            .map(|(block, _)| text(&page, block))
            .collect::<HashSet<_>>()
    };
    let (stay, gone) = (headings(true), headings(false));
    let chosen = page.blocks.iter().zip(kept).filter(|(_, kept)| **kept).map(|(block, _)| {
        let is_above = |heading: &&Arc<str>| stay.contains(&***heading) || !gone.contains(&***heading);
        Block { heading_path: block.heading_path.iter().filter(is_above).cloned().collect(), ..block.clone() }
    });
    let blocks = chosen.collect();
    let mut composer = Composer::new();
    let title = page.title.clone();
    composer.embed(Html.name(), &Extracted { blocks, ..page });
    Extracted { title, ..composer.finish(Html.name()) }
}

fn text<'a>(page: &'a Extracted, block: &Block) -> &'a str {
    page.text.get(block.range.clone()).unwrap_or_default()
}

/// The words of a text in small letters; characters of scripts without spaces are words of their own.
fn words(text: &str) -> Vec<String> {
    let pieces = text.split(|next: char| !next.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words = Vec::new();
    for piece in pieces {
        for run in piece.split_inclusive(stands_alone) {
            let end = run
                .char_indices()
                .last()
                .filter(|(_, last)| stands_alone(*last))
                .map_or(run.len(), |(at, _)| at);
            let (before, alone) = run.split_at(end);
            words.extend([before, alone].into_iter().filter(|word| !word.is_empty()).map(str::to_lowercase));
        }
    }
    words
}

/// Whether a character is of Chinese, Japanese, Thai, Lao, Burmese or Khmer, which write no spaces between words.
fn stands_alone(character: char) -> bool {
    matches!(character, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The rows of up to four words of a text.
#[derive(Default)]
struct Grams(HashSet<u64>);

impl Grams {
    fn of(words: &[String]) -> Self {
        let mut grams = Self::default();
        grams.add(words);
        grams
    }

    fn add(&mut self, words: &[String]) {
        self.0.extend((1..=GRAM).flat_map(|length| words.windows(length).map(hash)));
    }

    /// Whether nearly all of these words are in the text, in this order.
    fn cover(&self, words: &[String]) -> bool {
        let length = words.len().min(GRAM);
        let (mut all, mut there) = (0, 0);
        for gram in words.windows(length.max(1)) {
            all += 1;
            there += usize::from(self.0.contains(&hash(gram)));
        }
        all > 0 && there * 100 >= all * COVERED
    }
}

fn hash(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// The links and the quotations of a page.
#[derive(Default)]
struct Surroundings {
    /// The texts of links, as words with a space between.
    links: HashSet<String>,
    quotes: Grams,
}

impl Surroundings {
    fn of(root: NodeRef<'_, Node>) -> Self {
        let mut found = Self::default();
        let (mut link, mut quote, mut depth) = (None::<String>, String::new(), 0_usize);
        for edge in root.traverse() {
            match edge {
                Edge::Open(node) => {
                    if let Some(text) = node.value().as_text() {
                        if let Some(link) = link.as_mut() {
                            link.push_str(text);
                        }
                        quote.push_str(if depth > 0 { text } else { "" });
                    }
                    match element::name(node) {
                        Some("a") => link = Some(String::new()),
                        Some("blockquote") => depth += 1,
                        // words of two blocks are two words
                        Some("p" | "br" | "div") if depth > 0 => quote.push(' '),
                        _ => {}
                    }
                }
                Edge::Close(node) => match element::name(node) {
                    Some("a") => found.links.extend(link.take().map(|link| words(&link).join(" "))),
                    Some("blockquote") => {
                        depth -= 1;
                        if depth == 0 {
                            found.quotes.add(&words(&std::mem::take(&mut quote)));
                        }
                    }
                    _ => {}
                },
            }
        }
        found
    }

    /// Whether a line is a link and nothing else but perhaps a number, as of the pages behind it.
    fn is_link(&self, words: &[String]) -> bool {
        let is_number = |word: &String| word.chars().all(|next| next.is_ascii_digit());
        let link = |words: &[String]| !words.is_empty() && self.links.contains(&words.join(" "));
        link(words) || words.split_last().is_some_and(|(last, before)| is_number(last) && link(before))
    }

    /// Whether a line is a link after a word or two and a colon: "Read more: …".
    fn is_announced(&self, line: &str) -> bool {
        line.split_once(':').is_some_and(|(cue, rest)| {
            (1..=CUE_WORDS).contains(&words(cue).len()) && self.is_link(&words(rest))
        })
    }
}

#[cfg(test)]
mod tests;
