//! Choices read from bytes: the same bytes give the same history, whoever made them.

/// Bytes as choices; what lies beyond them is nought.
#[derive(Debug)]
pub struct Dice<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Dice<'a> {
    /// Choices from these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    /// A number below a bound (nought where the bound is).
    pub fn below(&mut self, bound: usize) -> usize {
        match bound {
            0 => 0,
            1..=256 => usize::from(self.byte()) % bound,
            _ => (usize::from(self.byte()) << 16 | usize::from(self.byte()) << 8 | usize::from(self.byte())) % bound,
        }
    }

    /// A number of a range, both ends inclusive.
    pub fn within(&mut self, from: i32, to: i32) -> i32 {
        from + self.below((to - from + 1).max(1) as usize) as i32
    }

    /// Whether one in so many comes up.
    pub fn one_in(&mut self, so_many: usize) -> bool {
        self.below(so_many) + 1 == so_many
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())]
    }

    /// Minus one, nought or one.
    pub fn beside(&mut self) -> i64 {
        [0, -1, 1][self.below(3)]
    }
}

/// Bytes from a seed, so that a red case can be made again.
pub fn bytes_of(seed: u64, bytes: &mut [u8]) {
    let mut state = seed;
    for chunk in bytes.chunks_mut(8) {
        // SplitMix64: short, seeded by any number, and good enough to choose with.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
    }
}
