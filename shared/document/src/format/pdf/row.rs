//! Joins characters to pieces of lines: text without a wide gap.

use super::page::{Direction, Glyph};

// All in hundredths of a line's height.
/// How far characters of one line may be from its base.
const SAME_BASE: i64 = 45;
/// The smallest gap that is a space.
const SPACE: i64 = 17;
/// The smallest gap that separates pieces.
const WIDE: i64 = 120;
/// How far characters may overlap.
const OVERLAP: i64 = -60;

/// A piece of a line.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) base: i64,
    pub(super) size: i64,
}

fn parts(size: i64, hundredths: i64) -> i64 {
    size * hundredths / 100
}

/// The pieces of each line direction, the normal one first.
pub(super) fn pieces(glyphs: &[Glyph]) -> Vec<Vec<Piece>> {
    [Direction::Right, Direction::Down, Direction::Left, Direction::Up]
        .into_iter()
        .map(|direction| {
            let of_direction = glyphs.iter().filter(|glyph| glyph.direction == direction).cloned();
            merge(runs(of_direction))
        })
        .filter(|pieces| !pieces.is_empty())
        .collect()
}

/// Joins characters that follow each other in the file.
fn runs(glyphs: impl Iterator<Item = Glyph>) -> Vec<Piece> {
    let mut runs: Vec<Piece> = Vec::new();
    for glyph in glyphs {
        if let Some(last) = runs.last_mut()
            && (glyph.base - last.base).abs() <= parts(last.size.max(glyph.size), SAME_BASE)
            && let gap = glyph.start - last.end
            && (parts(last.size, OVERLAP)..=parts(last.size, WIDE)).contains(&gap)
        {
            if gap > parts(last.size, SPACE) && !last.text.ends_with(' ') && glyph.text != " " {
                last.text.push(' ');
            }
            // a space is as wide as its neighbours leave room
            if glyph.text == " " {
                if !last.text.ends_with(' ') {
                    last.text.push(' ');
                }
                last.end = last.end.max(glyph.start);
                continue;
            }
            last.text.push_str(&glyph.text);
            last.end = last.end.max(glyph.end);
            if glyph.size > last.size {
                last.size = glyph.size;
                last.base = glyph.base;
            }
        } else if glyph.text != " " {
            let Glyph { text, start, end, base, size, .. } = glyph;
            runs.push(Piece { text, start, end, base, size });
        }
    }
    runs
}

/// Sorts runs by line and position, and joins those that were drawn separately.
fn merge(runs: Vec<Piece>) -> Vec<Piece> {
    let mut merged = Vec::new();
    for mut row in rows(runs) {
        row.sort_by_key(|piece| piece.start);
        let mut open: Option<Piece> = None;
        for piece in row {
            match open.as_mut() {
                Some(last) if joins(last, &piece) => join(last, &piece),
                _ => merged.extend(open.replace(piece)),
            }
        }
        merged.extend(open);
    }
    for piece in &mut merged {
        piece.text = right_to_left(piece.text.trim());
    }
    merged.retain(|piece| !piece.text.is_empty());
    merged
}

fn joins(last: &Piece, next: &Piece) -> bool {
    next.start - last.end <= parts(last.size.min(next.size), WIDE)
}

fn join(last: &mut Piece, next: &Piece) {
    if next.start - last.end > parts(last.size.min(next.size), SPACE) && !last.text.ends_with(' ') {
        last.text.push(' ');
    }
    last.text.push_str(&next.text);
    last.end = last.end.max(next.end);
    // base and size of a line are those of its larger characters, not of a footnote mark
    if next.size > last.size {
        last.size = next.size;
        last.base = next.base;
    }
}

/// Groups pieces on the same base line, top to bottom.
pub(super) fn rows(mut pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    pieces.sort_by_key(|piece| piece.base);
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row)
                if row.last().is_some_and(|last| {
                    piece.base - last.base <= parts(last.size.max(piece.size), SAME_BASE)
                }) =>
            {
                row.push(piece);
            }
            _ => rows.push(vec![piece]),
        }
    }
    rows
}

/// Puts a line of right-to-left letters into reading order. Runs of other letters and digits keep theirs.
fn right_to_left(text: &str) -> String {
    let right = text.chars().filter(|character| is_right_to_left(*character)).count();
    let left = text.chars().filter(|character| character.is_alphabetic()).count() - right;
    if right == 0 || right < left {
        return text.to_owned();
    }
    let mut read = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars().rev() {
        if character.is_alphanumeric() && !is_right_to_left(character) {
            run.push(character);
            continue;
        }
        read.extend(run.chars().rev());
        run.clear();
        read.push(mirrored(character));
    }
    read.extend(run.chars().rev());
    run.clear();
    read
}

fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        && character.is_alphabetic()
}

fn mirrored(character: char) -> char {
    match character {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '«' => '»',
        '»' => '«',
        other => other,
    }
}
