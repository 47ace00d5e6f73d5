//! Finds columns of running text by the empty strip between them.

use super::row::Piece;

/// Maximum nesting of columns: two levels give four columns on a page.
const DEEPEST: usize = 2;
/// Minimum number of pieces in a column, and minimum average of characters per piece; columns of a table have fewer.
const FEWEST_PIECES: usize = 5;
const FEWEST_CHARACTERS: usize = 14;
/// One in this many pieces may cross the strip, such as a title or a wide table.
const CROSSING: usize = 4;
/// Number of positions tried for the strip.
const PLACES: i64 = 200;

/// Pieces in reading order, grouped by column.
pub(super) fn split(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    split_within(pieces, DEEPEST)
}

fn split_within(pieces: Vec<Piece>, depth: usize) -> Vec<Vec<Piece>> {
    let Some(strip) = (depth > 0).then(|| strip(&pieces)).flatten() else { return vec![pieces] };
    let mut columns = Vec::new();
    let (mut left, mut right, mut across) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        let is_beside = piece.end <= strip || piece.start >= strip;
        if is_beside && !across.is_empty() {
            columns.push(std::mem::take(&mut across));
        }
        if piece.end <= strip {
            left.push(piece);
        } else if piece.start >= strip {
            right.push(piece);
        } else {
            // a piece across the strip ends the columns above it
            for side in [&mut left, &mut right] {
                columns.extend(split_within(std::mem::take(side), depth - 1));
            }
            across.push(piece);
        }
    }
    for side in [left, right] {
        columns.extend(split_within(side, depth - 1));
    }
    columns.push(across);
    columns.retain(|column| !column.is_empty());
    columns
}

/// The position of the empty strip between two columns.
fn strip(pieces: &[Piece]) -> Option<i64> {
    let first = pieces.iter().map(|piece| piece.start).min()?;
    let last = pieces.iter().map(|piece| piece.end).max()?;
    let step = ((last - first) / PLACES).max(1);
    let places = (1..PLACES).map(|place| first + place * step);
    let open: Vec<(usize, i64)> = places
        .filter_map(|place| {
            let crossing = pieces.iter().filter(|piece| piece.start < place && place < piece.end).count();
            let is_open = crossing * CROSSING <= pieces.len()
                && is_prose(pieces.iter().filter(|piece| piece.end <= place))
                && is_prose(pieces.iter().filter(|piece| piece.start >= place));
            is_open.then_some((crossing, place))
        })
        .collect();
    let fewest = open.iter().map(|(crossing, _)| *crossing).min()?;
    let best: Vec<i64> =
        open.into_iter().filter(|(crossing, _)| *crossing == fewest).map(|(_, place)| place).collect();
    best.get(best.len() / 2).copied()
}

fn is_prose<'a>(pieces: impl Iterator<Item = &'a Piece>) -> bool {
    let (mut count, mut characters) = (0, 0);
    for piece in pieces {
        count += 1;
        // a character of a script without spaces says as much as two letters
        characters +=
            piece.text.chars().map(|character| 1 + usize::from(character > '\u{2e80}')).sum::<usize>();
    }
    count >= FEWEST_PIECES && characters >= count * FEWEST_CHARACTERS
}
