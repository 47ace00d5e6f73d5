//! How notices encode keys.

use percent_encoding::percent_decode_str;

use crate::notice::NoticeKey;

/// What is known about a source's encoding of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not encoded.
    Raw,
    /// `application/x-www-form-urlencoded`: a space becomes a plus.
    Form,
    /// Not documented.
    Undocumented,
}

/// The key that a source wrote as `text`.
pub(super) fn key(text: &str, encoding: Encoding) -> NoticeKey {
    let either = || match form_decoded(text) {
        Some(decoded) if decoded != text => NoticeKey::Either { verbatim: text.to_owned(), decoded },
        Some(_) | None => NoticeKey::Known(text.to_owned()),
    };
    match encoding {
        Encoding::Raw => NoticeKey::Known(text.to_owned()),
        Encoding::Undocumented => either(),
        // A text that no form encoder produces was not encoded, whatever the source's documentation says.
        Encoding::Form if !is_form_encoded(text) => either(),
        Encoding::Form => {
            form_decoded(text).map_or_else(|| NoticeKey::Known(text.to_owned()), NoticeKey::Known)
        }
    }
}

/// The form-decoded text; none when it is not valid UTF-8, which every key is.
fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// False when a percent sign is not followed by two hex digits, or a byte occurs that an encoder would have encoded.
fn is_form_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && form_decoded(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn either(verbatim: &str, decoded: &str) -> NoticeKey {
        NoticeKey::Either { verbatim: verbatim.to_owned(), decoded: decoded.to_owned() }
    }

    #[test]
    fn each_encoding_is_read_as_it_is_documented() {
        let known = |text: &str| NoticeKey::Known(text.to_owned());
        for (text, encoding, expected) in [
            ("a+b%2B%20c%2541", Encoding::Form, known("a b+ c%41")),
            ("%E4%B8%AD%2Fx", Encoding::Form, known("中/x")),
            ("a+b%41", Encoding::Raw, known("a+b%41")),
            ("a+b%41", Encoding::Undocumented, either("a+b%41", "a bA")),
            ("plain/a.txt", Encoding::Undocumented, known("plain/a.txt")),
            // Not UTF-8 when decoded, so it was not encoded.
            ("%FF", Encoding::Undocumented, known("%FF")),
            ("%FF+", Encoding::Form, known("%FF+")),
            // No encoder writes these.
            ("100%+x", Encoding::Form, either("100%+x", "100% x")),
            ("中+文", Encoding::Form, either("中+文", "中 文")),
            ("a b", Encoding::Form, known("a b")),
        ] {
            assert_eq!(key(text, encoding), expected, "{text:?} {encoding:?}");
        }
    }
}
