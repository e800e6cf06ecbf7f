//! Thrift's compact protocol and Parquet's delta encoding, just enough of both to look at the sizes that they
//! claim before memory is asked for. `None` is damage.

/// Structures in structures that are followed; a footer of today has six.
const MOST_NESTED: usize = 32;

/// Types of the compact protocol.
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Bytes that are taken from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compact<'a>(pub(super) &'a [u8]);

impl<'a> Compact<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of seven bits a byte.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number with its sign in the lowest bit.
    pub(super) fn int(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    /// Elements of a list and their type.
    pub(super) fn list(&mut self) -> Option<(usize, u8)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.length()? } else { usize::from(head >> 4) };
        Some((count, head & 15))
    }

    /// Calls `each` with the number and type of every field of a structure; it takes the value, or says
    /// `Some(false)` and has it skipped.
    pub(super) fn fields(&mut self, each: &mut dyn FnMut(&mut Self, i64, u8) -> Option<bool>) -> Option<()> {
        self.fields_in(0, each)
    }

    fn fields_in(&mut self, nested: usize, each: &mut dyn FnMut(&mut Self, i64, u8) -> Option<bool>) -> Option<()> {
        let mut last = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            let kind = head & 15;
            last = if head >> 4 == 0 { self.int()? } else { last + i64::from(head >> 4) };
            if !each(self, last, kind)? {
                self.skip(kind, nested)?;
            }
        }
    }

    /// Passes over a value.
    fn skip(&mut self, kind: u8, nested: usize) -> Option<()> {
        if nested == MOST_NESTED {
            return None;
        }
        match kind {
            // As a field, truth is in the type itself.
            1 | 2 => {}
            3 => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            7 => drop(self.take(8)?),
            BINARY => {
                let len = self.length()?;
                self.take(len)?;
            }
            LIST | 10 => {
                let (count, kind) = self.list()?;
                for _ in 0..count {
                    self.element(kind, nested + 1)?;
                }
            }
            11 => {
                let count = self.length()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                for _ in 0..count {
                    self.element(kinds >> 4, nested + 1)?;
                    self.element(kinds & 15, nested + 1)?;
                }
            }
            STRUCT => self.fields_in(nested + 1, &mut |_, _, _| Some(false))?,
            13 => drop(self.take(16)?),
            _ => return None,
        }
        Some(())
    }

    /// Passes over an element of a list, where truth takes a byte.
    fn element(&mut self, kind: u8, nested: usize) -> Option<()> {
        if matches!(kind, 1 | 2) { self.byte().map(drop) } else { self.skip(kind, nested) }
    }

    /// Passes over integers in the encoding `DELTA_BINARY_PACKED`; how many there are said to be.
    pub(super) fn deltas(&mut self) -> Option<u64> {
        let (block, minis, count) = (self.varint()?, self.varint()?, self.varint()?);
        self.int()?;
        let a_mini = block.checked_div(minis).filter(|values| *values > 0)?;
        let mut left = count.saturating_sub(1);
        while left > 0 {
            self.int()?;
            let widths = self.take(usize::try_from(minis).ok()?)?;
            for width in widths {
                if left == 0 {
                    break;
                }
                let bits = a_mini.checked_mul(u64::from(*width))?;
                // The last values need not be filled up.
                let bytes = usize::try_from(bits.div_ceil(8)).ok()?;
                self.take(bytes.min(self.0.len()))?;
                left = left.saturating_sub(a_mini);
            }
        }
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_number_and_the_rest_is_passed_over() {
        // 1: i32 -3; 2: binary "ab"; 4: list of two i32; 20: struct with a bool.
        let bytes = [0x15, 5, 0x18, 2, b'a', b'b', 0x29, 0x25, 2, 4, 0x0c, 40, 0x11, 0, 0];
        let mut found = Vec::new();
        let mut compact = Compact(&bytes);
        let done = compact.fields(&mut |c, number, _| {
            found.push(number);
            Some(number == 1 && { c.int() == Some(-3) })
        });
        assert_eq!((done, found.as_slice(), compact.0.len()), (Some(()), &[1, 2, 4, 20][..], 0));
    }

    #[test]
    fn what_is_cut_short_or_nested_without_end_is_damage() {
        let none = |bytes: &[u8]| Compact(bytes).fields(&mut |_, _, _| Some(false)).is_none();
        assert!(none(&[]) && none(&[0x18, 9, b'a', 0]) && none(&[0x15, 0x80]));
        assert!(none(&[0x1c; 4_000]), "structures in structures");
        assert!(none(&[0x19; 4_000]), "lists in lists");
    }

    #[test]
    fn deltas_are_passed_over() {
        // A block of 128 in 4; three values from 7 on, one bit each.
        let bytes = [0x80, 1, 4, 3, 14, 2, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 9];
        let mut compact = Compact(&bytes);
        assert_eq!((compact.deltas(), compact.0), (Some(3), &[9][..]));
        assert_eq!(Compact(&[0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 15, 0]).deltas(), None);
    }
}
