//! A frame carries one message between parent and child: two lengths, a JSON head, and a body of raw bytes. Pure.

/// Bytes before the head: the lengths of head and body.
pub(crate) const LENGTHS: usize = 16;

/// The sizes of a frame's two parts in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) head: u64,
    pub(crate) body: u64,
}

impl Lengths {
    pub(crate) fn of(head: &[u8], body: &[u8]) -> Self {
        Self { head: head.len() as u64, body: body.len() as u64 }
    }

    /// The wire format.
    pub(crate) fn to_bytes(self) -> [u8; LENGTHS] {
        (u128::from(self.body) << 64 | u128::from(self.head)).to_le_bytes()
    }

    /// Parses the wire format.
    #[expect(clippy::cast_possible_truncation, reason = "each is one half")]
    pub(crate) fn from_bytes(bytes: [u8; LENGTHS]) -> Self {
        let both = u128::from_le_bytes(bytes);
        Self { head: both as u64, body: (both >> 64) as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_come_back() {
        let lengths = Lengths { head: 0x0102_0304_f0f0_f0f0, body: 0x0506_0708_090a_0b0c };
        assert_eq!(Lengths::from_bytes(lengths.to_bytes()), lengths);
    }
}
