//! Numbers that name a person or an account. Pure.

/// The countries of the registry of IBANs, each with the length of its IBANs (SWIFT, IBAN Registry, release 99).
const IBANS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 \
                     ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 \
                     LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 \
                     PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 \
                     YE30";
/// The weights of the digits of a Chinese identity number (GB 11643, by ISO 7064 MOD 11-2), and its check characters.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &str = "10X98765432";
/// Digits that are read together, at most: more than any of these numbers has.
const MOST_DIGITS: usize = 20;

/// An international bank account number: a country, its length, and the remainder 1 of ISO 7064 MOD 97-10. Spaces may stand
/// between its characters, one at a time.
pub(super) fn iban(before: &str, rest: &str) -> Option<usize> {
    if before.ends_with(|last: char| last.is_ascii_alphanumeric()) {
        return None;
    }
    let country = rest.get(..2).filter(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
    let country = country.to_ascii_uppercase();
    let known = IBANS.split(' ').find_map(|entry| entry.strip_prefix(country.as_str()));
    let length: usize = known?.parse().ok()?;
    let (mut characters, mut end, mut was_space) = (Vec::new(), 0, false);
    for (at, character) in rest.char_indices() {
        if characters.len() == length {
            break;
        }
        let is_space = character == ' ';
        if !(character.is_ascii_alphanumeric() || is_space && !was_space) {
            return None;
        }
        was_space = is_space;
        if !is_space {
            characters.push(character);
            end = at + 1;
        }
    }
    let is_account = characters.len() == length && ends(rest, end) && remainder_97(&characters) == Some(1);
    is_account.then_some(end)
}

/// The characters, the first four moved to the end and letters as 10 to 35, modulo 97.
fn remainder_97(characters: &[char]) -> Option<u32> {
    let (head, tail) = characters.split_at_checked(4)?;
    let is_form = head.iter().skip(2).all(char::is_ascii_digit);
    let rest = tail.iter().chain(head).try_fold(0, |rest: u32, character| {
        let value = character.to_digit(36)?;
        let digits = if value < 10 { 10 } else { 100 };
        Some((rest * digits + value) % 97)
    });
    rest.filter(|_| is_form)
}

/// A Chinese identity number: region, day of birth, number of that day, and a check character.
pub(super) fn identity(before: &str, rest: &str) -> Option<usize> {
    if is_inside(before) {
        return None;
    }
    let (digits, check) = rest.get(..18)?.split_at_checked(17)?;
    let values: Vec<u32> = digits.chars().map_while(|digit| digit.to_digit(10)).collect();
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let is_born = (1850..=2100).contains(&number(6, 10)?)
        && (1..=12).contains(&number(10, 12)?)
        && (1..=31).contains(&number(12, 14)?);
    let sum: u32 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    let expected = CHECKS.chars().nth(usize::try_from(sum % 11).ok()?)?;
    let is_right = values.len() == 17 && check.to_ascii_uppercase().chars().eq([expected]);
    (is_born && is_right && ends(rest, 18)).then_some(18)
}

/// The number of a payment card: 13 to 19 digits, alone or in groups of at least three, that a network issues and whose
/// check digit (Luhn's, ISO/IEC 7812-1) is right.
pub(super) fn card(before: &str, rest: &str) -> Option<usize> {
    if is_inside(before) {
        return None;
    }
    let (mut digits, mut found) = (String::new(), None);
    for run in runs(rest, &[' ', '-'], 1) {
        if run.digits.len() < 3 {
            break;
        }
        digits.push_str(run.digits);
        if (13..=19).contains(&digits.len()) && is_issued(&digits) && is_luhn(&digits) {
            found = Some(run.end);
        }
    }
    found
}

/// 3 to 6, and Mastercard's newer numbers: the first digits of the cards that pay.
fn is_issued(digits: &str) -> bool {
    let head = digits.get(..4).and_then(|head| head.parse::<u32>().ok());
    head.is_some_and(|head| matches!(head, 3000..=6999 | 2221..=2720))
}

fn is_luhn(digits: &str) -> bool {
    let values = digits.chars().rev().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = values
        .enumerate()
        .map(|(place, value)| if place % 2 == 0 { value } else { value / 5 + value * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

/// A telephone number, by how it is written: with the `+` of a country, or in the groups or with the first digits of a
/// country's own form. A number without any of these is not taken for one.
pub(super) fn phone(before: &str, rest: &str) -> Option<usize> {
    if is_inside(before) {
        return None;
    }
    if let Some(number) = rest.strip_prefix('+') {
        return international(number).map(|length| length + 1);
    }
    let number = rest.strip_prefix('(').unwrap_or(rest);
    let is_open = number.len() < rest.len();
    let runs = runs(number, &[' ', '-', '.', '/', '(', ')'], 2);
    let found = chinese_mobile(&runs).filter(|_| !is_open);
    let found =
        found.or_else(|| north_american(&runs, is_open)).or_else(|| with_trunk_prefix(&runs, is_open));
    found.map(|length| length + rest.len() - number.len())
}

/// Country, area and number: 8 to 15 digits (ITU E.164).
fn international(number: &str) -> Option<usize> {
    let (mut digits, mut found) = (0, None);
    for run in runs(number, &[' ', '-', '.', '/', '(', ')'], 2) {
        digits += run.digits.len();
        if (8..=15).contains(&digits) {
            found = Some(run.end);
        }
    }
    found.filter(|_| !number.starts_with('0'))
}

/// 1 and 3 to 9, then nine digits: together, with China's own number before them, or as 3-4-4.
fn chinese_mobile(runs: &[Run<'_>]) -> Option<usize> {
    let is_mobile = |digits: &str| {
        let mut digits = digits.chars();
        digits.next() == Some('1') && matches!(digits.next(), Some('3'..='9'))
    };
    let (first, rest) = runs.split_first()?;
    let number = ["0086", "86"].iter().find_map(|country| first.digits.strip_prefix(country));
    if number.unwrap_or(first.digits).len() == 11 && is_mobile(number.unwrap_or(first.digits)) {
        return Some(first.end);
    }
    let [second, third, ..] = rest else { return None };
    let is_grouped = [first, second, third].map(|run| run.digits.len()) == [3, 4, 4]
        && matches!(second.between, " " | "-")
        && third.between == second.between;
    (is_grouped && is_mobile(first.digits)).then_some(third.end)
}

/// `(202) 555-0123`, `202-555-0123`, `1.202.555.0123`.
fn north_american(runs: &[Run<'_>], is_open: bool) -> Option<usize> {
    let [first, ..] = runs else { return None };
    let runs = if first.digits == "1" { runs.get(1..)? } else { runs };
    let [area, exchange, line, more @ ..] = runs else { return None };
    let lengths = [area, exchange, line].map(|run| run.digits.len());
    let is_number = |run: &Run<'_>| run.digits.starts_with(|first: char| ('2'..='9').contains(&first));
    let is_written = if is_open {
        matches!(exchange.between, ")" | ") " | ")-") && matches!(line.between, "-" | "." | " ")
    } else {
        matches!(exchange.between, "-" | ".") && line.between == exchange.between
    };
    let goes_on = more.first().is_some_and(|run| run.between == line.between);
    (lengths == [3, 3, 4] && is_number(area) && is_number(exchange) && is_written && !goes_on)
        .then_some(line.end)
}

/// A 0, as most countries write it before the area, or 00 before the country: 9 to 12 digits, with a country's 15, in groups
/// that the same sign separates from the second on; or together.
fn with_trunk_prefix(runs: &[Run<'_>], is_open: bool) -> Option<usize> {
    let (first, rest) = runs.split_first().filter(|(first, _)| first.digits.starts_with('0'))?;
    let (length, is_abroad) = (first.digits.len(), first.digits.starts_with("00"));
    if (10..=12).contains(&length) && !is_abroad && !is_open {
        return Some(first.end);
    }
    if !(2..=5).contains(&length) {
        return None;
    }
    let most = if is_abroad { 15 } else { 12 };
    let same = rest.get(1).map_or("", |third| third.between);
    let (mut digits, mut found) = (length, None);
    for (place, run) in rest.iter().enumerate() {
        if place > 0 && (run.between != same || same.len() > 1) {
            break;
        }
        digits += run.digits.len();
        if (9..=most).contains(&digits) {
            found = Some(run.end);
        }
    }
    found
}

/// Digits that stand together.
struct Run<'a> {
    digits: &'a str,
    /// What stands between them and those before.
    between: &'a str,
    /// One past their last byte, from the beginning of the text.
    end: usize,
}

/// The runs of digits at the beginning of `text`, with one to `most` of `separators` (ASCII) between two. A run that goes on as a
/// word is none, and ends them.
fn runs<'a>(text: &'a str, separators: &[char], most: usize) -> Vec<Run<'a>> {
    let (mut found, mut at, mut count) = (Vec::new(), 0, 0);
    while let Some(rest) = text.get(at..) {
        let gap = rest.chars().take(most + 1).take_while(|character| separators.contains(character)).count();
        let length = rest.bytes().skip(gap).take(MOST_DIGITS + 1).take_while(u8::is_ascii_digit).count();
        count += length;
        let is_apart = if found.is_empty() { gap == 0 } else { (1..=most).contains(&gap) };
        let end = at + gap + length;
        if !is_apart || length == 0 || count > MOST_DIGITS || !ends(text, end) {
            break;
        }
        let (between, digits) = (rest.get(..gap), rest.get(gap..gap + length));
        let (Some(between), Some(digits)) = (between, digits) else { break };
        found.push(Run { digits, between, end });
        at = end;
    }
    found
}

/// Whether what begins here is the rest of a word or of a longer number.
fn is_inside(before: &str) -> bool {
    let mut back = before.chars().rev();
    match back.next() {
        Some('.' | '-') => back.next().is_some_and(|character| character.is_ascii_digit()),
        last => last.is_some_and(|last| last.is_ascii_alphanumeric() || last == '_'),
    }
}

/// Whether a word may end at `at`.
fn ends(text: &str, at: usize) -> bool {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
}
