//! Goal seek: the most generous value that keeps a fund within a budget, found by settling.
//!
//! Each pass over the persons settles a handful of candidates at once; the next one looks between the last that
//! keeps within the budget and the first that does not. Totals must rise or fall throughout, and that is checked
//! on every candidate settled.

use super::failure::{ProjectError, TurnsRound};
use crate::model::fen::to_yuan;
use std::collections::BTreeMap;

/// Candidates settled in one pass.
pub const AT_ONCE: usize = 64;

/// What is sought.
#[derive(Clone, Debug)]
pub struct Seek {
    /// Address of the value in the policy.
    pub address: String,
    /// What the fund may pay, in fen.
    pub budget: i64,
    /// Number of the fund.
    pub fund: usize,
    /// Its name.
    pub fund_name: String,
    /// The candidates, ascending.
    pub candidates: Vec<String>,
}

/// What was found: numbers of candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The most generous candidate within the budget.
    pub value: Option<(usize, i128)>,
    /// The next more generous one.
    pub next: Option<(usize, i128)>,
    /// Candidates settled.
    pub settled: usize,
}

/// Seeks; `settle` gives the fund's totals of some candidates, by number.
///
/// # Errors
/// [`ProjectError::TurnsRound`], and errors of `settle`.
pub fn seek(
    seek: &Seek,
    mut settle: impl FnMut(&[usize]) -> Result<Vec<i128>, ProjectError>,
) -> Result<Sought, ProjectError> {
    let count = seek.candidates.len();
    let mut known: BTreeMap<usize, i128> = BTreeMap::new();
    let mut asked = spread(0, count.saturating_sub(1));
    loop {
        let totals = settle(&asked)?;
        known.extend(asked.iter().copied().zip(totals));
        let rises = rises(seek, &known)?;
        // From the least generous candidate to the most generous one.
        let mut order: Vec<(usize, i128)> = known.iter().map(|(n, total)| (*n, *total)).collect();
        if !rises {
            order.reverse();
        }
        let within = order.partition_point(|(_, total)| *total <= i128::from(seek.budget));
        let (value, next) = (within.checked_sub(1).map(|n| order[n]), order.get(within).copied());
        if let (Some((a, _)), Some((b, _))) = (value, next) {
            let (low, high) = (a.min(b) + 1, a.max(b));
            if low < high {
                asked = spread(low, high - 1);
                continue;
            }
        }
        return Ok(Sought { value, next, settled: known.len() });
    }
}

/// Up to [`AT_ONCE`] numbers from the first to the last, both among them.
fn spread(first: usize, last: usize) -> Vec<usize> {
    let steps = (last - first).min(AT_ONCE - 1);
    let at = |n: usize| first + (last - first) * n / steps.max(1);
    (0..=steps).map(at).collect()
}

/// Whether totals rise with the value; they may stay the same for a while.
fn rises(seek: &Seek, known: &BTreeMap<usize, i128>) -> Result<bool, ProjectError> {
    let all: Vec<(usize, i128)> = known.iter().map(|(n, total)| (*n, *total)).collect();
    let rises = all.first().zip(all.last()).is_none_or(|(a, b)| a.1 <= b.1);
    let wrong = all.windows(2).find(|w| if rises { w[0].1 > w[1].1 } else { w[0].1 < w[1].1 });
    match wrong {
        None => Ok(rises),
        Some(pair) => {
            // The ends say which way it goes; where the first step goes the other way, it turns after that step.
            let first = pair[0].0 == all[0].0;
            let at = all.iter().position(|known| *known == if first { pair[1] } else { pair[0] }).unwrap_or_default();
            let next = all.get(at + 1).copied().unwrap_or(all[at]);
            let (before, after) = if rises != first { ("rises", "falls") } else { ("falls", "rises") };
            Err(ProjectError::TurnsRound(Box::new(TurnsRound {
                fund: seek.fund_name.clone(),
                address: seek.address.clone(),
                value: seek.candidates[all[at].0].clone(),
                total: to_yuan(all[at].1),
                next_total: to_yuan(next.1),
                before,
                after,
            })))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(totals: &[i128], budget: i64) -> Result<Sought, ProjectError> {
        let candidates = (0..totals.len()).map(|n| n.to_string()).collect();
        let of = Seek { address: "a".into(), budget, fund: 4, fund_name: "f".into(), candidates };
        seek(&of, |asked| Ok(asked.iter().map(|n| totals[*n]).collect()))
    }

    #[test]
    fn the_boundary_is_found_whatever_the_budget_and_the_direction() {
        for count in [1, 2, 3, 64, 65, 500, 10_000] {
            let rising: Vec<i128> = (0..count).map(|n| 10 * i128::from(n) + 5).collect();
            let falling: Vec<i128> = rising.iter().rev().copied().collect();
            for budget in [0, 5, 6, 10 * i64::from(count) / 2, 10 * i64::from(count)] {
                let up = sought(&rising, budget).unwrap();
                let best = rising.iter().rposition(|t| *t <= i128::from(budget));
                assert_eq!(up.value.map(|v| v.0), best, "{count} {budget}");
                assert_eq!(up.next.map(|v| v.0), Some(best.map_or(0, |b| b + 1)).filter(|n| *n < rising.len()));
                let down = sought(&falling, budget).unwrap();
                assert_eq!(down.value.map(|v| v.1), up.value.map(|v| v.1));
                assert_eq!(down.value.map(|v| v.0), falling.iter().position(|t| *t <= i128::from(budget)));
                assert!(up.settled <= 3 * AT_ONCE + 2, "{}", up.settled);
            }
        }
    }

    #[test]
    fn of_equal_totals_the_largest_value_counts() {
        assert_eq!(sought(&[7, 7, 7], 7).unwrap().value, Some((2, 7)));
        assert_eq!(sought(&[1, 7, 7, 9], 8).unwrap().value, Some((2, 7)));
    }

    #[test]
    fn totals_that_turn_round_are_an_error_that_says_where() {
        let error = sought(&[1, 5, 9, 4], 8).unwrap_err().to_string();
        assert!(
            error.contains("turns round at `a` = 2 (0.09): it rises") && error.contains("falls from there on, to 0.04"),
            "{error}"
        );
        let error = sought(&[9, 5, 1, 4], 8).unwrap_err().to_string();
        assert!(error.contains("turns round at `a` = 2 (0.01): it falls"), "{error}");
        assert!(sought(&[5, 1, 4, 6], 8).unwrap_err().to_string().contains("`a` = 1 (0.01): it falls"));
    }
}
