//! A frame is how parent and child send one message: two lengths, a head in JSON, and a body of bytes as they are. Pure.

/// Bytes before the head: its length and that of the body.
pub(crate) const LENGTHS: usize = 16;

/// How many bytes the two parts of a frame have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) head: u64,
    pub(crate) body: u64,
}

impl Lengths {
    pub(crate) fn of(head: &[u8], body: &[u8]) -> Self {
        Self { head: head.len() as u64, body: body.len() as u64 }
    }

    /// As they are sent.
    pub(crate) fn to_bytes(self) -> [u8; LENGTHS] {
        (u128::from(self.body) << 64 | u128::from(self.head)).to_le_bytes()
    }

    /// As they were sent.
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
