//! The wire format of Protocol Buffers, in which an ONNX graph is written: as far as a graph is looked at, and added to. Pure.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WireValue<'a> {
    /// A number.
    Number(u64),
    /// A text, bytes, or another message.
    Bytes(&'a [u8]),
    /// Four or eight bytes, which nothing here needs.
    Fixed,
}

/// The fields of a message, in order.
#[derive(Debug)]
pub(super) struct WireMessage<'a>(Vec<(u64, WireValue<'a>)>);

impl<'a> WireMessage<'a> {
    /// The message in these bytes; none when they hold no message.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (mut rest, mut found) = (bytes, Vec::new());
        while !rest.is_empty() {
            found.push(take_field(&mut rest)?);
        }
        Some(Self(found))
    }

    /// Each text, bytes or message of the field with this number.
    pub(super) fn all(&self, field: u64) -> impl Iterator<Item = &'a [u8]> {
        self.of(field).filter_map(|value| match value {
            WireValue::Bytes(bytes) => Some(bytes),
            WireValue::Number(_) | WireValue::Fixed => None,
        })
    }

    /// The text of a field; empty when there is none.
    pub(super) fn text(&self, field: u64) -> String {
        self.all(field).last().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }

    /// The numbers of a field: each in a field of its own, or packed into one.
    pub(super) fn numbers(&self, field: u64) -> Vec<u64> {
        let mut found = Vec::new();
        for value in self.of(field) {
            match value {
                WireValue::Number(number) => found.push(number),
                WireValue::Bytes(mut packed) => found.extend(std::iter::from_fn(|| take_number(&mut packed))),
                WireValue::Fixed => {}
            }
        }
        found
    }

    fn of(&self, field: u64) -> impl Iterator<Item = WireValue<'a>> {
        self.0.iter().filter(move |(number, _)| *number == field).map(|(_, value)| *value)
    }
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(u64, WireValue<'a>)> {
    let tag = take_number(rest)?;
    let value = match tag & 7 {
        0 => WireValue::Number(take_number(rest)?),
        1 => take_bytes(rest, 8).map(|_| WireValue::Fixed)?,
        2 => {
            let length = take_number(rest)?;
            WireValue::Bytes(take_bytes(rest, length)?)
        }
        5 => take_bytes(rest, 4).map(|_| WireValue::Fixed)?,
        _ => return None,
    };
    Some((tag >> 3, value))
}

/// Seven bits a byte, the lowest first; the highest bit says that there is more.
fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_bytes<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (found, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(found)
}

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageBytes(Vec<u8>);

impl MessageBytes {
    /// With a number.
    pub(super) fn number(mut self, field: u64, number: u64) -> Self {
        self.put(field << 3);
        self.put(number);
        self
    }

    /// With bytes.
    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.put((field << 3) | 2);
        self.put(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// With a text.
    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    /// With another message.
    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// What was written.
    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    fn put(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        for number in numbers {
            let written = MessageBytes::default().number(20, number).text(1, "a name").done();
            let read = WireMessage::parse(&written).unwrap();
            assert_eq!((read.numbers(20), read.text(1)), (vec![number], "a name".to_owned()));
            assert_eq!((read.numbers(3), read.text(2)), (Vec::new(), String::new()));
        }
        let long = "x".repeat(70_000);
        let inner = MessageBytes::default().text(2, &long);
        let written = MessageBytes::default().message(1, &inner).message(1, &inner).done();
        let read = WireMessage::parse(&written).unwrap();
        let texts: Vec<String> =
            read.all(1).map(|inner| WireMessage::parse(inner).unwrap().text(2)).collect();
        assert_eq!(texts, [long.clone(), long]);
    }

    /// The examples of the format's own description: 150 in field 1, "testing" in field 2, and 3, 270, 86942 packed in field 6.
    #[test]
    fn the_bytes_are_those_of_protocol_buffers() {
        assert_eq!(MessageBytes::default().number(1, 150).done(), [0x08, 0x96, 0x01]);
        let testing = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        assert_eq!(MessageBytes::default().text(2, "testing").done(), testing);
        let packed = [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05];
        assert_eq!(WireMessage::parse(&packed).unwrap().numbers(6), [3, 270, 86_942]);
        // Floats of four and eight bytes, which are passed over.
        let fixed = [0x15, 0, 0, 0x80, 0x3f, 0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x08, 0x05];
        assert_eq!(WireMessage::parse(&fixed).unwrap().numbers(1), [5]);
    }

    #[test]
    fn what_is_cut_off_or_no_message_is_none() {
        let whole = MessageBytes::default().text(1, "a name").done();
        for end in 1..whole.len() {
            assert!(WireMessage::parse(&whole[..end]).is_none(), "{end}");
        }
        assert!(WireMessage::parse(b"{\"json\": true}").is_none());
        assert!(WireMessage::parse(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_none());
        assert!(
            WireMessage::parse(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1])
                .is_none()
        );
    }
}
