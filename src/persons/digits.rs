//! Decimal digits as numbers, four bits each: ids that end in digits are packed and compared so.

use crate::ledger::rows::Ids;

/// Decimal digits of an id that make one number.
pub const DIGITS: usize = 15;
/// Digits of an id beyond which it is kept as it is.
pub const MOST_DIGITS: usize = 1 << 10;
/// `00000000`.
pub const EIGHT_ZEROS: u64 = 0x3030_3030_3030_3030;

/// Ids of one length that start alike and go on in decimal digits, as most do: the digits as numbers.
#[derive(Debug, Default)]
pub struct Digits {
    /// What all start with.
    pub common: Vec<u8>,
    /// Digits after that.
    pub count: usize,
    /// Up to [`DIGITS`] digits of every id each.
    pub chunks: Vec<Vec<i64>>,
}

impl Digits {
    /// The digits of ids, if all are of that kind.
    pub fn of(ids: &Ids) -> Option<Self> {
        let first = if ids.is_empty() { &[][..] } else { ids.get(0) };
        let mut common = first.len();
        for row in 0..ids.len() {
            let id = ids.get(row);
            if id.len() != first.len() {
                return None;
            }
            if !id.starts_with(&first[..common]) {
                common = common_start(first, id);
            }
        }
        let count = first.len() - common;
        if count > MOST_DIGITS {
            return None;
        }
        let mut chunks = Vec::new();
        for range in chunks_of(count) {
            let digits = |row| from_digits(&ids.get(row)[common..][range.clone()]);
            chunks.push((0..ids.len()).map(digits).collect::<Option<Vec<i64>>>()?);
        }
        Some(Self { common: first[..common].to_vec(), count, chunks })
    }
}

/// Ranges of at most [`DIGITS`] digits.
pub fn chunks_of(digits: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..digits).step_by(DIGITS).map(move |start| start..(start + DIGITS).min(digits))
}

/// How many bytes two ids start alike with.
pub fn common_start(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// Up to 15 decimal digits, four bits each; sorts as the digits do. `None` if they are no digits.
fn from_digits(digits: &[u8]) -> Option<i64> {
    let mut text = [b'0'; 16];
    text[16 - digits.len()..].copy_from_slice(digits);
    let half = |from: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&text[from..from + 8]);
        u64::from_be_bytes(eight)
    };
    let (high, low) = (half(0), half(8));
    (is_digits(high) && is_digits(low)).then(|| (digits_of(high) << 32 | digits_of(low)) as i64)
}

/// Whether eight bytes are decimal digits.
pub fn is_digits(text: u64) -> bool {
    let low = text ^ EIGHT_ZEROS;
    // Above nine, adding six reaches into the upper half of the byte.
    (low | ((low & 0x0f0f_0f0f_0f0f_0f0f) + 0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 == 0
}

/// Eight decimal digits in four bits each.
pub fn digits_of(text: u64) -> u64 {
    let x = text & 0x0f0f_0f0f_0f0f_0f0f;
    let x = (x | x >> 4) & 0x00ff_00ff_00ff_00ff;
    let x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
    (x | x >> 16) & 0xffff_ffff
}

/// Writes a number's digits; nothing where there is no place.
pub fn to_digits(code: i64, place: Option<&mut [u8]>) {
    let Some(place) = place else { return };
    let half = |x: u64| {
        let x = (x | x << 16) & 0x0000_ffff_0000_ffff;
        let x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
        let x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        (x | EIGHT_ZEROS).to_be_bytes()
    };
    let mut text = [0; 16];
    text[..8].copy_from_slice(&half(code as u64 >> 32));
    text[8..].copy_from_slice(&half(code as u64 & 0xffff_ffff));
    place.copy_from_slice(&text[16 - place.len()..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_digits() {
        let text = |t: &str| t.bytes().fold(0u64, |n, b| n << 8 | u64::from(b));
        assert!(is_digits(text("01234567")) && is_digits(text("99999999")));
        assert!(["0123456:", "/1234567", "0123A567", "\u{0}1234567"].iter().all(|t| !is_digits(text(t))));
        assert_eq!(digits_of(text("01890000")), 0x0189_0000);
    }
}
