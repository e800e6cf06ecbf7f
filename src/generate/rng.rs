//! Chance, repeatable: a small generator and the few distributions that a ledger needs.
//!
//! Only integer arithmetic and the four basic operations on floats are used, which are exact to the
//! last bit on every machine. `ln`, `exp` and `cos` come from the platform's own library, so that a
//! seed would mean other bytes elsewhere. Floats only choose; amounts are made in fen.

/// Millionths: the unit of every chance and share in this module.
pub const MILLION: u64 = 1_000_000;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of random numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of a key and a number. Streams of different pairs are unrelated, so that any part
    /// of the ledger can be made again without what stands before it.
    pub fn of(key: u64, number: u64) -> Self {
        Rng(mix(key ^ mix(number.wrapping_mul(GOLDEN))))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number from 0 up to, but without, `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).saturating_add(1).max(1);
        low + self.below(width.unsigned_abs()) as i64
    }

    /// True so many times in a million.
    pub fn chance(&mut self, in_a_million: u64) -> bool {
        self.below(MILLION) < in_a_million
    }

    /// One of these, each as likely; `None` of none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len() as u64) as usize)
    }

    /// One of these by weight; `None` where no weight is above 0.
    pub fn weighted<T: Copy>(&mut self, of: &[(T, u32)]) -> Option<T> {
        let total: u64 = of.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (item, weight) in of {
            if left < u64::from(*weight) {
                return Some(*item);
            }
            left -= u64::from(*weight);
        }
        None
    }

    /// Nearly normal, mean 0 and deviation 1: a sum of twelve even numbers.
    pub fn bell(&mut self) -> f64 {
        let mut sum = 0u32;
        for _ in 0..3 {
            let bits = self.next();
            sum += (0..4).map(|i| ((bits >> (16 * i)) & 0xFFFF) as u32).sum::<u32>();
        }
        // Twelve numbers of 0 to 65 535 have mean 393 210; their deviation is 65 536 to within 1e-9.
        (f64::from(sum) - 393_210.0) / 65_536.0
    }

    /// Log-normal, by its median and the deviation of the logarithm.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * exp(sigma * self.bell())
    }
}

/// Sixty-four bits well mixed (the finalizer of splitmix64).
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// The exponential by a short series of a 64th, squared six times; good to 1e-9 between -8 and 8.
fn exp(x: f64) -> f64 {
    let y = x / 64.0;
    let mut power = 1.0 + y * (1.0 + y / 2.0 * (1.0 + y / 3.0 * (1.0 + y / 4.0 * (1.0 + y / 5.0 * (1.0 + y / 6.0)))));
    for _ in 0..6 {
        power *= power;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_close() {
        for x in [-6.0, -1.0, 0.0, 0.5, 1.0, 3.0, 6.0] {
            assert!((exp(x) / f64::exp(x) - 1.0).abs() < 1e-7, "{x}");
        }
    }

    #[test]
    fn the_bell_has_mean_0_and_deviation_1() {
        let mut rng = Rng::of(1, 1);
        let draws: Vec<f64> = (0..100_000).map(|_| rng.bell()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn choices_of_nothing_are_nothing() {
        let mut rng = Rng::of(1, 2);
        assert_eq!(rng.pick::<u8>(&[]), None);
        assert_eq!(rng.weighted::<u8>(&[(1, 0)]), None);
        assert_eq!(rng.weighted(&[(1, 0), (2, 5)]), Some(2));
        assert_eq!(rng.below(0), 0);
    }
}
