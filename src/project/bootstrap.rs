//! How far totals hang on who happened to fall ill: the Poisson bootstrap over persons.
//!
//! In each of so many replicates a person counts as often as a draw of a Poisson variable of mean 1 says, all
//! years and claims together. The draws hang on the seed and the person alone, so that every scenario has the
//! same and its differences from the baseline are those of the scenario, not of chance.

use super::cells::{CELLS, within};
use crate::generate::rng::Rng;

/// Weights above 65 536ths: the cumulated chances of 0, 1, 2, … They are chosen so that the mean is exactly 1.
const CUMULATED: [u16; 8] = [24_109, 48_219, 60_273, 64_292, 65_296, 65_497, 65_531, 65_535];

/// Totals of the replicates by base cell, in units.
#[derive(Debug)]
pub struct Replicates {
    count: usize,
    seed: u64,
    cells: Vec<Option<Box<[i128]>>>,
    weights: Vec<u8>,
}

/// An interval of 95 in 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Its lower end.
    pub low: i128,
    /// Its upper end.
    pub high: i128,
}

impl Replicates {
    /// So many replicates, without anybody yet.
    pub fn new(count: usize, seed: u64) -> Self {
        Self { count, seed, cells: (0..CELLS).map(|_| None).collect(), weights: vec![0; count] }
    }

    /// Adds a person's money by base cell.
    pub fn add(&mut self, person: u64, cells: &[(u16, i128)]) {
        if cells.is_empty() {
            return;
        }
        draw(self.seed, person, &mut self.weights);
        for (cell, money) in cells {
            let count = self.count;
            let sums = self.cells[usize::from(*cell)].get_or_insert_with(|| vec![0; count].into());
            match i64::try_from(*money) {
                Ok(money) if money.unsigned_abs() < 1 << 58 => {
                    let weighted = self.weights.iter().map(|w| i64::from(*w) * money);
                    sums.iter_mut().zip(weighted).for_each(|(sum, money)| *sum += i128::from(money));
                }
                _ => sums.iter_mut().zip(&self.weights).for_each(|(sum, w)| *sum += i128::from(*w) * money),
            }
        }
    }

    /// These and those of other persons.
    pub fn with(mut self, other: Self) -> Self {
        for (mine, theirs) in self.cells.iter_mut().zip(other.cells) {
            match (mine.as_mut(), theirs) {
                (Some(mine), Some(theirs)) => mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b),
                (None, Some(theirs)) => *mine = Some(theirs),
                (_, None) => {}
            }
        }
        self
    }

    /// The replicates of every cell that has any, sums of cells among them.
    pub fn all(self) -> Vec<Option<Box<[i128]>>> {
        let mut all: Vec<Option<Box<[i128]>>> = (0..CELLS).map(|_| None).collect();
        for (base, sums) in self.cells.iter().enumerate() {
            let Some(sums) = sums else { continue };
            for cell in within(base as u16) {
                let to = all[usize::from(cell)].get_or_insert_with(|| vec![0; self.count].into());
                to.iter_mut().zip(sums).for_each(|(to, from)| *to += from);
            }
        }
        all
    }
}

/// The weights of a person, one a replicate.
fn draw(seed: u64, person: u64, weights: &mut [u8]) {
    let mut rng = Rng::of(seed, person);
    for four in weights.chunks_mut(4) {
        let bits = rng.next();
        for (n, weight) in four.iter_mut().enumerate() {
            let chance = (bits >> (16 * n)) as u16;
            *weight = CUMULATED.iter().map(|c| u8::from(chance >= *c)).sum();
        }
    }
}

/// The interval of replicates: between the 2.5th and the 97.5th percentile.
pub fn interval(mut replicates: Vec<i128>) -> Option<Interval> {
    replicates.sort_unstable();
    let at = |per_mille: usize| {
        let rank = (replicates.len() * per_mille).div_ceil(1_000).max(1);
        replicates.get(rank - 1).copied()
    };
    Some(Interval { low: at(25)?, high: at(975)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::cells::cell;

    #[test]
    fn weights_have_mean_1_and_variance_1() {
        let mut weights = vec![0; 100_003];
        draw(1, 2, &mut weights);
        let n = weights.len() as f64;
        let mean = weights.iter().map(|w| f64::from(*w)).sum::<f64>() / n;
        let variance = weights.iter().map(|w| (f64::from(*w) - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 0.01 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        let exact: u32 = CUMULATED.iter().map(|c| 65_536 - u32::from(*c)).sum();
        assert_eq!(exact, 65_536);
    }

    #[test]
    fn a_person_weighs_the_same_in_every_cell_and_scenario() {
        let mut replicates = Replicates::new(50, 9);
        let (a, b) = (cell(0, 1, 1), cell(5, 1, 1));
        replicates.add(77, &[(a, 3), (b, -6)]);
        let all = replicates.all();
        let [a, b] = [a, b].map(|c| all[usize::from(c)].as_ref().unwrap());
        assert!(a.iter().zip(b).all(|(a, b)| *b == -2 * *a));
        assert!(a.iter().any(|a| *a != 3));
    }

    #[test]
    fn an_interval_leaves_a_fortieth_on_each_side() {
        let found = interval((1..=200).rev().collect()).unwrap();
        assert_eq!((found.low, found.high), (5, 195));
        assert_eq!(interval(vec![4]), Some(Interval { low: 4, high: 4 }));
        assert_eq!(interval(Vec::new()), None);
    }
}
