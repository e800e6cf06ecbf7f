//! The two things that every layer does: ask whether its conditions hold, and pay by a schedule.

use super::claims::Claim;
use super::outcome::{Band, Entry};
use crate::model::codes::{Layer, Referral};
use crate::model::fen::{NO_LIMIT, Round};
use crate::policy::document::Accumulation;
use crate::policy::tables::{Conditions, SLOTS, Schedule};

/// What a person and year (or a grant) has accumulated: bases and payments, by slot, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accumulators {
    /// Accumulated base, by base slot.
    pub base: [i64; SLOTS],
    /// Paid, by pool slot.
    pub paid: [i64; SLOTS],
}

/// Whether conditions hold for a claim; `cap_reached` says whether the year reached its limit.
#[inline]
pub fn holds(conditions: &Conditions, claim: &Claim, cap_reached: bool) -> bool {
    (!conditions.not_unreferred || claim.marks.referral != Referral::Unreferred)
        && conditions.area.is_none_or(|a| a.holds(claim.area))
        && (!conditions.tilt_applied || claim.marks.tilt_applied)
        && (!conditions.cap_reached || cap_reached)
        && conditions.dise_codg.as_ref().is_none_or(|d| d.ids.binary_search(&claim.disease).is_ok())
}

/// How schedules pay under a policy.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Rounding.
    pub round: Round,
    /// What is accumulated over.
    pub accumulation: Accumulation,
}

/// Who asks a schedule to pay, for the audit.
#[derive(Clone, Copy, Debug)]
pub struct Payer {
    /// Position of the claim among the person's accepted rows.
    pub claim: u32,
    /// The layer.
    pub layer: Layer,
    /// Rank of the identity taken.
    pub identity: u8,
}

/// Pays on `amount` by a schedule, moves the accumulators and writes an entry for every bracket that
/// the accumulated base runs through. The amount paid, in fen.
///
/// Within a bracket the cumulative product is rounded and the claim gets the difference of two such
/// figures (R4), so that a year's total does not depend on how many claims it is spread over.
pub fn pay(
    schedule: &Schedule,
    amount: i64,
    terms: Terms,
    payer: Payer,
    accumulators: &mut Accumulators,
    audit: &mut Vec<Entry>,
) -> i64 {
    let base = &mut accumulators.base[usize::from(schedule.base)];
    let pool = &mut accumulators.paid[usize::from(schedule.pool)];
    let start = match terms.accumulation {
        Accumulation::Year => *base,
        Accumulation::Visit => 0,
    };
    let end = start + amount;
    let mut total = 0;
    for bracket in &schedule.brackets {
        let (from, to) = (start.max(bracket.lo), end.min(bracket.hi));
        if from >= to {
            continue;
        }
        let gross = terms.round.product(to - bracket.lo, bracket.ratio_ppm)
            - terms.round.product(from - bracket.lo, bracket.ratio_ppm);
        let room = if schedule.cap == NO_LIMIT { NO_LIMIT } else { (schedule.cap - *pool).max(0) };
        let paid = gross.min(room).min(amount - total);
        audit.push(Entry {
            claim: payer.claim,
            layer: payer.layer,
            identity: payer.identity,
            cite: bracket.cite,
            pool: schedule.pool,
            base: amount,
            band: Some(Band { from, to, lo: bracket.lo }),
            ratio_ppm: Some(bracket.ratio_ppm),
            gross,
            cap: (schedule.cap != NO_LIMIT).then_some(schedule.cap),
            cap_used: *pool,
            paid,
        });
        *pool += paid;
        total += paid;
    }
    *base += amount;
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tables::Bracket;

    fn schedule(cap: i64) -> Schedule {
        let bracket = |lo, hi, ratio_ppm| Bracket { lo, hi, ratio_ppm, cite: 0 };
        Schedule {
            brackets: vec![bracket(0, 900, 0), bracket(900, 10_000, 650_000), bracket(10_000, NO_LIMIT, 700_000)],
            pool: 0,
            base: 0,
            cap,
            cite: 0,
            from: i32::MIN,
            until: i32::MAX,
        }
    }

    fn terms() -> Terms {
        Terms { round: Round::default(), accumulation: Accumulation::Year }
    }

    const PAYER: Payer = Payer { claim: 0, layer: Layer::Cii, identity: 0 };

    #[test]
    fn a_year_in_one_claim_or_in_many_pays_the_same() {
        for total in [0, 1, 899, 900, 901, 9_999, 10_000, 10_001, 33_333] {
            let mut audit = Vec::new();
            let once = pay(&schedule(NO_LIMIT), total, terms(), PAYER, &mut Accumulators::default(), &mut audit);
            let mut split = Accumulators::default();
            let many: i64 = (0..total)
                .step_by(7)
                .map(|n| pay(&schedule(NO_LIMIT), (total - n).min(7), terms(), PAYER, &mut split, &mut audit))
                .sum();
            assert_eq!(once, many, "{total}");
        }
    }

    #[test]
    fn the_cap_cuts_and_the_entries_say_how() {
        let mut audit = Vec::new();
        let mut accumulators = Accumulators::default();
        let paid = pay(&schedule(6_000), 20_000, terms(), PAYER, &mut accumulators, &mut audit);
        assert_eq!(paid, 6_000);
        assert_eq!(audit.iter().map(|e| e.paid).collect::<Vec<_>>(), [0, 5_915, 85]);
        assert_eq!(audit[2].cap_used, 5_915);
        assert_eq!(pay(&schedule(6_000), 10, terms(), PAYER, &mut accumulators, &mut audit), 0);
        assert_eq!(accumulators.base[0], 20_010);
    }

    #[test]
    fn a_visit_of_its_own_starts_at_nought() {
        let terms = Terms { accumulation: Accumulation::Visit, ..terms() };
        let mut accumulators = Accumulators::default();
        for _ in 0..2 {
            assert_eq!(pay(&schedule(NO_LIMIT), 1_900, terms, PAYER, &mut accumulators, &mut Vec::new()), 650);
        }
    }
}
