//! What a scenario changes for single persons, packed: for what cannot be added up on the way, as quantiles
//! and the bootstrap.

/// Whose year it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A year of the baseline, by its number in the range of persons.
    Known(u32),
    /// One of the baseline that the scenario does not have.
    Gone(u32),
    /// One that the baseline does not have: the person's key, and the number of the identity.
    New(u64, u8),
}

/// A person's year that differs; of the baseline, every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub whose: Whose,
    /// How many units it counts.
    pub units: i64,
    /// By how much more is left to the person, in fen.
    pub burden: i64,
}

/// Packs entries, in the order of their numbers.
#[derive(Debug, Default)]
pub struct Packer {
    bytes: Vec<u8>,
    last: u32,
}

impl Packer {
    /// Puts an entry: each base cell with its change of money, in units.
    pub fn put(&mut self, head: Head, cells: &[(u16, i128)]) {
        let (number, kind) = match head.whose {
            Whose::Known(number) => (number, 0),
            Whose::Gone(number) => (number, 1),
            Whose::New(..) => (self.last, 2),
        };
        let step = u128::from(number.wrapping_sub(self.last));
        self.last = number;
        self.varint(step * 4 + kind);
        if let Whose::New(key, identity) = head.whose {
            self.bytes.extend(key.to_le_bytes());
            self.bytes.push(identity);
        }
        self.varint(zigzag(i128::from(head.units)));
        self.varint(zigzag(i128::from(head.burden)));
        self.varint(cells.len() as u128);
        for (cell, money) in cells {
            self.varint(u128::from(*cell));
            self.varint(zigzag(*money));
        }
    }

    /// The bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the bytes, which were put away; what comes next follows them.
    pub fn put_away(&mut self) {
        self.bytes.clear();
    }

    /// The bytes of a range of persons; the packer starts anew.
    pub fn take(&mut self, into: &mut Vec<u8>) {
        into.append(&mut self.bytes);
        self.last = 0;
    }

    fn varint(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

fn zigzag(value: i128) -> u128 {
    ((value << 1) ^ (value >> 127)) as u128
}

/// Reads the entries of a range of persons.
pub struct Unpacker<'a> {
    bytes: &'a [u8],
    last: u32,
    cells: Vec<(u16, i128)>,
}

impl<'a> Unpacker<'a> {
    /// Of bytes as packed.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, last: 0, cells: Vec::new() }
    }

    /// The next entry; none at the end, and where bytes are damaged.
    pub fn next_entry(&mut self) -> Option<(Head, &[(u16, i128)])> {
        if self.bytes.is_empty() {
            return None;
        }
        let before = self.bytes;
        let entry = self.read();
        if entry.is_none() {
            // What cannot be read is left, for whoever asks.
            self.bytes = before;
        }
        entry.map(|head| (head, self.cells.as_slice()))
    }

    fn read(&mut self) -> Option<Head> {
        let first = self.varint()?;
        self.last = self.last.wrapping_add((first >> 2) as u32);
        let whose = match first & 3 {
            0 => Whose::Known(self.last),
            1 => Whose::Gone(self.last),
            _ => {
                let (key, rest) = self.bytes.split_first_chunk::<8>()?;
                let (identity, rest) = rest.split_first()?;
                self.bytes = rest;
                Whose::New(u64::from_le_bytes(*key), *identity)
            }
        };
        let units = self.signed()? as i64;
        let burden = self.signed()? as i64;
        let count = self.varint()?;
        self.cells.clear();
        for _ in 0..count {
            let cell = self.varint()? as u16;
            let money = self.signed()?;
            self.cells.push((cell, money));
        }
        Some(Head { whose, units, burden })
    }

    /// Whether all was read; damaged bytes leave something over.
    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    fn signed(&mut self) -> Option<i128> {
        self.varint().map(|v| ((v >> 1) as i128) ^ -((v & 1) as i128))
    }

    fn varint(&mut self) -> Option<u128> {
        let (mut value, mut shift) = (0u128, 0);
        loop {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u128::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_went() {
        let entries = [
            (Head { whose: Whose::Known(0), units: 1, burden: -1 }, vec![(0u16, 5i128), (1_679, -5)]),
            (Head { whose: Whose::New(u64::MAX - 3, 14), units: 11_000, burden: i64::MAX }, vec![]),
            (
                Head { whose: Whose::Gone(7), units: 0, burden: i64::MIN + 1 },
                vec![(300, i128::from(i64::MAX) * 10_000)],
            ),
            (Head { whose: Whose::Known(300_000), units: 1, burden: 0 }, vec![(2, 1)]),
        ];
        let (mut packer, mut bytes) = (Packer::default(), Vec::new());
        for _ in 0..2 {
            entries.iter().for_each(|(head, cells)| packer.put(*head, cells));
            bytes.clear();
            packer.take(&mut bytes);
            let mut unpacker = Unpacker::new(&bytes);
            for (head, cells) in &entries {
                assert_eq!(unpacker.next_entry(), Some((*head, &**cells)));
            }
            assert_eq!(unpacker.next_entry(), None);
        }
        for end in 0..bytes.len() {
            let mut cut = Unpacker::new(&bytes[..end]);
            let mut read = 0;
            while cut.next_entry().is_some() {
                read += 1;
            }
            assert!(read < entries.len());
        }
    }
}
