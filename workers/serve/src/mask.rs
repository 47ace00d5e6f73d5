//! Personal data in a text, replaced before the text is stored. Pure.
//!
//! What has a form is found by its form, and where there is one by its check digits: e-mail addresses, IP addresses, IBANs,
//! Chinese identity numbers, card numbers, telephone numbers; and keys of services that show what they are. Names and postal addresses have none and stay.
//!
//! No patterns that go back: each place is looked at once by each finder, and each of them reads at most some hundred bytes, so
//! the time grows with the text alone.

mod address;
mod number;
mod secret;

/// A text without the personal data that has a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedText {
    /// The text, with `<secret>`, `<email>`, `<ip>`, `<iban>`, `<id>`, `<card>` or `<phone>` for each.
    pub text: String,
    /// How many were replaced.
    pub count: usize,
}

/// Looks at the beginning of `rest`, which stands behind `before`: the length in bytes of what it looks for, if that is
/// there.
type Finder = fn(before: &str, rest: &str) -> Option<usize>;

/// The most certain first: an identity number may pass for a card, and both for a telephone number.
const FINDERS: [(&str, Finder); 7] = [
    ("<secret>", secret::key),
    ("<email>", address::email),
    ("<ip>", address::ip),
    ("<iban>", number::iban),
    ("<id>", number::identity),
    ("<card>", number::card),
    ("<phone>", number::phone),
];

/// Replaces personal data in `text`. A text that holds some is changed further: spaces, dashes and full-width characters as other
/// keyboards and web pages write them stand as plain ones, because what is looked for may be written with them.
#[must_use]
pub fn mask(text: &str) -> MaskedText {
    let plain: String = text.chars().map(plain).collect();
    let masked = masked(&plain);
    if masked.count > 0 { masked } else { MaskedText { text: text.to_owned(), count: 0 } }
}

/// The character that a keyboard for English has for it.
fn plain(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}' | '\t' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => character,
    }
}

fn masked(text: &str) -> MaskedText {
    let mut masked = MaskedText { text: String::with_capacity(text.len()), count: 0 };
    let mut at = 0;
    while let Some((before, rest)) = text.split_at_checked(at).filter(|(_, rest)| !rest.is_empty()) {
        let found = FINDERS.iter().find_map(|(name, finder)| Some((*name, finder(before, rest)?)));
        let (shown, length) = found.unwrap_or_else(|| {
            let first = rest.chars().next().map_or(rest.len(), char::len_utf8);
            (rest.get(..first).unwrap_or(rest), first)
        });
        masked.text.push_str(shown);
        masked.count += usize::from(found.is_some());
        at += length;
    }
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A text, and what it becomes.
    const FOUND: [(&str, &str); 58] = [
        // keys: none of them is one
        ("LTAI5tExampleKeyId1234xx", "<secret>"),
        ("id=AKIAIOSFODNN7EXAMPLE;", "id=<secret>;"),
        ("Bearer sk-abcdefghijklmnopqrstuvwx", "Bearer <secret>"),
        ("密钥ghp_abcdefghijklmnopqrstuvwxyz0123456789。", "密钥<secret>。"),
        // as other keyboards and web pages write it
        ("call +49\u{a0}30\u{202f}1234567", "call <phone>"),
        ("138\u{2011}1234\u{2013}5678", "<phone>"),
        ("电话１３８１２３４５６７８", "电话<phone>"),
        ("ａ＠b.com", "<email>"),
        // e-mail
        ("Write to anna.müller+x@mail.example.co.uk.", "Write to <email>."),
        ("邮箱zhang_wei@example.com是谁的", "邮箱<email>是谁的"),
        ("<a-b@c-d.org>, (e@f.de)", "<<email>>, (<email>)"),
        ("mailto:x@example.com?subject=y", "mailto:<email>?subject=y"),
        ("x@example.com, y@example.com", "<email>, <email>"),
        ("x@example.com-backup", "<email>-backup"),
        // IP addresses
        ("who is 203.0.113.7?", "who is <ip>?"),
        ("from 10.1.2.3:8080 and 192.168.0.0/16.", "from <ip>:8080 and <ip>/16."),
        ("IP:198.51.100.20。", "IP:<ip>。"),
        ("2001:db8::8a2e:370:7334 pings", "<ip> pings"),
        ("[2001:db8:0:1:1:1:1:1]:443", "[<ip>]:443"),
        ("地址2001:db8::1", "地址<ip>"),
        // IBAN (examples of the registry of SWIFT)
        ("DE89370400440532013000", "<iban>"),
        ("GB29 NWBK 6016 1331 9268 19 please", "<iban> please"),
        ("iban fr14 2004 1010 0505 0001 3m02 606", "iban <iban>"),
        ("NO9386011117947,", "<iban>,"),
        // Chinese identity numbers (examples of GB 11643)
        ("身份证11010519491231002X的", "身份证<id>的"),
        ("11010519491231002x", "<id>"),
        ("id 440524188001010014.", "id <id>."),
        // cards (numbers that the networks publish for tests)
        ("4111 1111 1111 1111", "<card>"),
        ("my card 4111-1111-1111-1111 12/29", "my card <card> 12/29"),
        ("5555555555554444!", "<card>!"),
        ("2223003122003222", "<card>"),
        ("3782 822463 10005", "<card>"),
        ("30569309025904", "<card>"),
        ("卡号6200000000000005。", "卡号<card>。"),
        ("No. 12 4111 1111 1111 1111 99", "No. 12 <card> 99"),
        // telephone numbers
        ("+86 138 1234 5678", "<phone>"),
        ("call +49 (0)30 1234567 now", "call <phone> now"),
        ("+1-202-555-0123.", "<phone>."),
        ("(+44) 20 7946 0958", "(<phone>"),
        ("+442079460958", "<phone>"),
        ("电话13812345678打不通", "电话<phone>打不通"),
        ("138-1234-5678", "<phone>"),
        ("138 1234 5678,139 1234 5678", "<phone>,<phone>"),
        ("8613812345678", "<phone>"),
        ("008613812345678", "<phone>"),
        ("010-12345678", "<phone>"),
        ("(0571) 8765-4321", "<phone>"),
        ("01711234567", "<phone>"),
        ("089/123456-0", "<phone>"),
        ("01 23 45 67 89", "<phone>"),
        ("020 7946 0958", "<phone>"),
        ("00 49 30 1234567", "<phone>"),
        ("(202) 555-0123", "<phone>"),
        ("202-555-0123", "<phone>"),
        ("202.555.0123", "<phone>"),
        ("1-202-555-0123", "<phone>"),
        // What looks the same and is something else: the price of finding the others.
        ("a file of 17179869184 bytes", "a file of <phone> bytes"),
        ("version 10.4.2.1", "version <ip>"),
    ];

    /// What stays as it is.
    const KEPT: [&str; 45] = [
        "",
        "How long is green tea steeped?",
        "绿茶泡多久",
        "user@localhost",
        "npm install left-pad@1.3.0",
        "@Override, a@b, x@y.z, @, a@, @b.de",
        "-----@-----",
        "127.0.0.1:9092 or localhost",
        "netmask 255.255.255.0",
        "section 1.2.3.4.5",
        "version 1.2.3",
        "256.1.2.3 and 1.2.3.999",
        "std::fs::read, a::b, ::1, ::",
        "at 10:30:45",
        "aa:bb:cc:dd:ee:ff",
        "fe80::1",
        // one digit is wrong
        "DE89370400440532013001",
        "110105194912310021",
        "4111 1111 1111 1112",
        // no such country, month or network
        "XX89370400440532013000",
        "110105194913310020",
        "9111 1111 1111 1111",
        "ISBN 978-3-16-148410-0",
        "ISBN 0-306-40615-2",
        "2026-11-27T10:47:30Z",
        "01.02.2026",
        "01-02-2026 12:30",
        "1795000000",
        "1795000000123",
        "3.14159265358979",
        "0.123456789012",
        "1,234,567,890",
        "error 0x80070005",
        "12345678",
        "1234567890123456",
        "550e8400-e29b-41d4-a716-446655440000",
        "5d1c0f3ab2e94768d0c3a1f21e92110d",
        "SHA 4111111111111111a",
        "model X13812345678",
        "12813812345678901",
        "UTC+0800",
        "C++20 and 1+1",
        "ticket 4711, order 2026-555-1234",
        "100 200 3000",
        "555 123",
    ];

    #[test]
    fn personal_data_is_replaced() {
        for (text, expected) in FOUND {
            let masked = mask(text);
            assert_eq!(masked.text, expected, "{text}");
            assert!(masked.count > 0 && mask(expected).count == 0, "{text}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in KEPT {
            assert_eq!(mask(text), MaskedText { text: text.to_owned(), count: 0 }, "{text}");
        }
    }

    /// Were a text read again from each place, this would take minutes.
    #[test]
    fn long_texts_are_read_once() {
        for part in ["a", "1", "1 ", "a@", "a.", "0-", "1:", "::", "+", "(", "4111 ", "DE89 ", "ä", "中"] {
            let text = part.repeat(100_000 / part.len());
            assert!(mask(&text).text.len() >= 4, "{part}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_holds_nothing_of_it_is_the_same_afterwards(text in "[0-9a-cX@.+(): ä中-]{0,60}") {
            let masked = mask(&text);
            prop_assert!(masked.count > 0 || masked.text == text);
        }

        #[test]
        fn what_stands_around_it_stays(before in "[ 。,(]{0,3}", after in "[ 。,)!?]{0,3}") {
            let masked = mask(&format!("{before}x@example.com{after}"));
            prop_assert_eq!(masked.text, format!("{before}<email>{after}"));
        }
    }
}
