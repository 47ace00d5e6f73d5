//! E-mail addresses and IP addresses. Pure.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Maximum length of the part before the `@`, in characters (RFC 5321).
const LONGEST_LOCAL: usize = 64;
/// Maximum length of a domain, in characters (RFC 1035).
const LONGEST_DOMAIN: usize = 253;
/// Maximum length of an address of version 6, in characters, with an address of version 4 at its end.
const LONGEST_IP: usize = 45;

/// `local@domain.tld`, with a top-level domain of letters.
pub(super) fn email(before: &str, rest: &str) -> Option<usize> {
    // Within the part before the @ it was looked for already, from its beginning.
    if before.ends_with(is_local) {
        return None;
    }
    let local = leading(rest, LONGEST_LOCAL + 1, is_local);
    let (name, host) = rest.split_at_checked(local)?;
    let host = host.strip_prefix('@').filter(|_| !name.is_empty())?;
    let host = host.get(..leading(host, LONGEST_DOMAIN, is_domain))?.trim_end_matches(['.', '-']);
    let (labels, top) = host.rsplit_once('.')?;
    let top = leading(top, LONGEST_DOMAIN, is_letter);
    let is_whole = top >= 2 && labels.split('.').all(|label| !label.is_empty());
    is_whole.then_some(local + 1 + labels.len() + 1 + top)
}

/// An address of version 4 or 6 that may be somebody's: not this machine's own, and no netmask.
pub(super) fn ip(before: &str, rest: &str) -> Option<usize> {
    if before.ends_with(|last: char| last.is_ascii_alphanumeric() || matches!(last, '_' | '.')) {
        return None;
    }
    version_6(before, rest).or_else(|| version_4(rest))
}

fn version_4(rest: &str) -> Option<usize> {
    let text = rest.get(..leading(rest, LONGEST_IP, |c| c.is_ascii_digit() || c == '.'))?;
    let text = text.trim_end_matches('.');
    let address: Ipv4Addr = text.parse().ok()?;
    let is_mask = address.octets().first() == Some(&255);
    let is_somebodys = !address.is_loopback() && !address.is_unspecified() && !is_mask;
    (is_somebodys && ends(rest, text.len())).then_some(text.len())
}

fn version_6(before: &str, rest: &str) -> Option<usize> {
    let mut back = before.chars().rev();
    if back.next() == Some(':') && back.next().is_some_and(|c| c == ':' || c.is_ascii_hexdigit()) {
        return None;
    }
    let text = rest.get(..leading(rest, LONGEST_IP, |c| c.is_ascii_hexdigit() || matches!(c, ':' | '.')))?;
    let text = text.trim_end_matches('.');
    let text = if text.ends_with("::") { text } else { text.trim_end_matches(':') };
    // Two groups are names of a programming language as well: `a::b`.
    let is_short = text.split(':').filter(|group| !group.is_empty()).count() < 3;
    if is_short || !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse::<Ipv6Addr>().ok()?;
    ends(rest, text.len()).then_some(text.len())
}

/// Whether a word may end at `at`.
fn ends(text: &str, at: usize) -> bool {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
}

/// The length in bytes of the first characters, at most `most`, that are all `wanted`.
fn leading(text: &str, most: usize, wanted: impl Fn(char) -> bool) -> usize {
    text.chars().take(most).take_while(|character| wanted(*character)).map(char::len_utf8).sum()
}

/// A Latin letter, also one with an accent. Others are left out, because Chinese has no space before an address.
fn is_letter(character: char) -> bool {
    character.is_ascii_alphabetic() || matches!(character, '\u{c0}'..='\u{24f}')
}

fn is_local(character: char) -> bool {
    is_letter(character) || character.is_ascii_digit() || "._%+-".contains(character)
}

fn is_domain(character: char) -> bool {
    is_letter(character) || character.is_ascii_digit() || matches!(character, '.' | '-')
}
