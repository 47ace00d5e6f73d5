//! Marks of emphasis around words, as in Org mode and `AsciiDoc`. Pure.

/// A text without these marks around words and phrases.
pub(super) fn without(text: &str, marks: &[char]) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied();
    let mut open: Option<char> = None;
    let mut out = String::with_capacity(text.len());
    for (index, character) in characters.iter().copied().enumerate() {
        let before = index.checked_sub(1).and_then(at);
        let after = at(index + 1);
        let outside = |side: Option<char>| {
            side.is_none_or(|side| side.is_whitespace() || "-({'\",.;:!?)}[]".contains(side))
        };
        let is_mark = marks.contains(&character);
        let inside = |side: Option<char>| side.is_some_and(|side| !side.is_whitespace());
        let closes = open == Some(character) && inside(before) && outside(after);
        let opens =
            is_mark && open.is_none() && outside(before) && inside(after) && closing(&characters, index);
        match (opens, closes) {
            (true, _) => open = Some(character),
            (_, true) => open = None,
            _ => out.push(character),
        }
    }
    out
}

/// The position of a nearby closing mark, because emphasis is short.
fn closing(characters: &[char], start: usize) -> bool {
    let mark = characters.get(start);
    let window =
        characters.iter().skip(start + 2).zip(characters.iter().skip(start + 1)).take(200).enumerate();
    window.into_iter().any(|(offset, (character, before))| {
        let after = characters.get(start + 3 + offset);
        let outside = after.is_none_or(|after| after.is_whitespace() || ".,;:!?)}'\"-[]".contains(*after));
        Some(character) == mark && !before.is_whitespace() && outside
    })
}
