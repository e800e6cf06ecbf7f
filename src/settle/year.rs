//! One benefit year of one person: the runs of 就高不重复, and the condition on the whole year.
//!
//! The year is settled once for every identity held in it, with that identity preferred; the run that
//! pays most is kept (R5). A layer that waits for the annual limit is left out first; where the limit
//! was reached, the run is repeated with it from the first claim on (R3).

use super::claim::{self, Context, Moved};
use super::claims::Claims;
use super::holdings::Holdings;
use super::layers::Accumulators;
use super::outcome::{Entry, Outcome};
use crate::policy::tables::{Mask, NO_RANK, Tables, YearTables};

/// A claim of the year that counts.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// Row in the columns.
    pub row: u32,
    /// Position among the person's accepted rows.
    pub position: u32,
    /// Identities in force that day.
    pub held: Mask,
}

/// One run over the year. Reused from person to person.
#[derive(Debug, Default)]
pub struct Run {
    /// Outcome by claim of the year.
    pub outcomes: Vec<Outcome>,
    /// Audit entries, in claim order.
    pub audit: Vec<Entry>,
    /// Accumulators of the person's grants after the year.
    pub grants: Vec<Accumulators>,
    /// What the layers paid in all.
    pub total: i64,
}

/// A run that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// The year.
    pub year: i32,
    /// Rank of the identity that it preferred.
    pub preferred: u8,
    /// What the layers would have paid, in fen.
    pub total: i64,
}

/// The year being settled.
#[derive(Clone, Copy)]
pub struct Year<'a> {
    /// The policy.
    pub tables: &'a Tables,
    /// The year's tables.
    pub year: &'a YearTables,
    /// The ledger's columns.
    pub claims: &'a Claims<'a>,
    /// What the person holds.
    pub holdings: Holdings<'a>,
    /// The year's claims that count, in time order.
    pub live: &'a [Live],
}

impl Year<'_> {
    /// Settles the year into `kept`; the rank preferred in it (none: nobody held anything).
    ///
    /// `kept.grants` holds the grants' accumulators before the year, and after it those of the run kept.
    pub fn settle(&self, kept: &mut Run, trial: &mut Run, not_taken: &mut Vec<NotTaken>) -> u8 {
        let held = self.live.iter().fold(0, |m, l| m | l.held);
        if held == 0 {
            self.run(NO_RANK, kept);
            return NO_RANK;
        }
        let mut preferred = held.trailing_zeros() as u8;
        let mut others = held & (held - 1);
        if others == 0 {
            self.run(preferred, kept);
            return preferred;
        }
        let before = trial_start(kept);
        self.run(preferred, kept);
        while others != 0 {
            let rank = others.trailing_zeros() as u8;
            others &= others - 1;
            trial.grants.clear();
            trial.grants.extend_from_slice(&before);
            self.run(rank, trial);
            // Ties go to the listed order, so only more is better.
            let loser = if trial.total > kept.total {
                std::mem::swap(kept, trial);
                std::mem::replace(&mut preferred, rank)
            } else {
                rank
            };
            not_taken.push(NotTaken { year: self.year.year, preferred: loser, total: trial.total });
        }
        not_taken.sort_by_key(|n| (n.year, n.preferred));
        preferred
    }

    /// One run with an identity preferred, from the grants' accumulators in `run.grants`.
    fn run(&self, preferred: u8, run: &mut Run) {
        let waits = self.year.ra.as_ref().is_some_and(|l| l.conditions.cap_reached);
        if !waits {
            self.pass(preferred, false, run);
            return;
        }
        let before = trial_start(run);
        if self.pass(preferred, false, run) {
            run.grants.clear();
            run.grants.extend_from_slice(&before);
            self.pass(preferred, true, run);
        }
    }

    /// One pass over the claims; whether the annual limit was reached on one of them.
    fn pass(&self, preferred: u8, cap_reached: bool, run: &mut Run) -> bool {
        let mut year = Accumulators::default();
        let mut reached = false;
        // What stands there from the person before is written over, claim by claim.
        run.outcomes.resize(self.live.len(), Outcome::reversed(self.year.year));
        run.audit.clear();
        run.total = 0;
        for (live, outcome) in self.live.iter().zip(&mut run.outcomes) {
            let claim = self.claims.get(live.row as usize);
            let grant = self.holdings.grant(claim.day, self.year.year);
            if self.tables.cap_per_visit {
                year.paid.fill(0);
                run.grants.iter_mut().for_each(|g| g.paid.fill(0));
            }
            let mut moved = Moved {
                year: &mut year,
                granted: grant.map_or(NO_RANK, |g| g.rank),
                grant: grant.map(|g| (&mut run.grants[g.slot], g.charge_year)),
            };
            let context = Context {
                tables: self.tables,
                year: self.year,
                held: live.held,
                preferred,
                cap_reached,
                position: live.position,
            };
            reached |= claim::settle(&context, &claim, &mut moved, &mut run.audit, outcome);
            debug_assert!(outcome.conserves(), "{outcome:?}");
            run.total += outcome.benefit();
        }
        reached
    }
}

/// A copy of the grants' accumulators; empty, and so free, for all who hold no grant.
fn trial_start(run: &Run) -> Vec<Accumulators> {
    run.grants.clone()
}
