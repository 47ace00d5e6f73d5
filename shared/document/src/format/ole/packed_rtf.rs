//! RTF as messages hold it: packed by references into the last 4 KiB (MS-OXRTFCP). Pure.

/// What is before the first byte, as most RTF begins with such words.
const BEFORE: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans \
SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
/// The signature of packed bytes; others follow their header as they are.
const PACKED: &[u8] = b"LZFu";
const HEADER: usize = 16;
const WINDOW: usize = 4_096;
/// A reference of two bytes gives 17 at most.
const MOST_A_BYTE: usize = 9;

/// The RTF; what is damaged ends it. At most nine times `size` bytes.
pub(super) fn unpacked(packed: &[u8], size: usize) -> Vec<u8> {
    let mut rest = packed.get(HEADER..).unwrap_or_default().iter().copied();
    if packed.get(8..12) != Some(PACKED) {
        return rest.collect();
    }
    let mut text = BEFORE.to_vec();
    let most = size.saturating_mul(MOST_A_BYTE);
    while let Some(kinds) = rest.next() {
        for bit in 0..8 {
            let Some(first) = rest.next() else { break };
            if kinds >> bit & 1 == 0 {
                text.push(first);
                continue;
            }
            let Some(second) = rest.next() else { break };
            let reference = usize::from(u16::from_be_bytes([first, second]));
            let (offset, length) = (reference >> 4, (reference & 15) + 2);
            // the place in a window that is written around and around
            let back = (text.len() + WINDOW - offset) % WINDOW;
            if back == 0 || back > text.len() || text.len() > most {
                return text.split_off(BEFORE.len());
            }
            for _ in 0..length {
                text.extend(text.get(text.len() - back).copied());
            }
        }
    }
    text.split_off(BEFORE.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_read() {
        // MS-OXRTFCP 3.1.1
        let packed = [
            &b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7"[..],
            b"\x03\x00\x0a\x00rcpg125B2\x0a\xf3 \x68\x65\x6c\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0",
        ]
        .concat();
        let text: &[u8] = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
        assert_eq!(unpacked(&packed, packed.len()), text);
        for end in 0..packed.len() {
            assert!(unpacked(packed.get(..end).unwrap(), 100).len() <= text.len(), "cut after {end} bytes");
        }
    }

    #[test]
    fn what_is_not_packed_is_as_it_stands_and_damage_is_bounded() {
        let plain = [&[0; 8][..], b"MELA", &[0; 4], b"{\\rtf1 x}"].concat();
        assert_eq!(unpacked(&plain, 100), b"{\\rtf1 x}");
        let loops = [&[0; 8][..], PACKED, &[0; 4], &[0xff; 9_000]].concat();
        assert!(unpacked(&loops, loops.len()).len() <= loops.len() * MOST_A_BYTE + 17);
    }
}
