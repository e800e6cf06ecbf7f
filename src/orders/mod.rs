//! Whether a person's year would have come to another total if its claims had been taken in another order.
//!
//! Claims are taken in the order (`setl_time`, `setl_id`). Nobody chooses it, but a clerk who settles late
//! makes another one; so a policy is fair in this respect where the order does not matter. It is asked for a
//! person and benefit year: would `cii + special_drug + ma + ra + oocat` over the year's claims differ if
//! they, with their own days and the identities in force on them, were taken otherwise, all other years as
//! they stand? Of several policies each is asked by itself, since what a year accumulates starts afresh
//! where the policy changes.
//!
//! # The theorem
//!
//! Take one run of 就高不重复 (one identity preferred). A claim *moves* where R0 > 0; one that does not moves no
//! accumulator and is paid nothing by a schedule. Rounding is half up to the fen, and schedules accumulate over the year.
//!
//! 1. **One schedule, one sum.** Claims that continue one accumulated base under one schedule get, before the
//!    limit, differences of rounded cumulative amounts (R4). They telescope: in sum `F(end) − F(start)`,
//!    whatever the order, and each at most the claim's own amount, since ratios are at most 1 and a fraction
//!    half up never gains more than whole fen do. (Half even, or whole yuan, may: then what is left of a claim's
//!    base cuts, and the argument ends.)
//! 2. **One limit, one sum.** Where all who pay under a pool have one limit, each gets `min(gross, room)`; the
//!    pool pays `min(Σ gross, room at the start)` in all, even from several bases.
//! 3. **Insurance.** If a layer pays all of the year's claims that it covers by one schedule, its total is
//!    fixed by 1 and 2; which claim got how much is not. If it pays by none, each carried payment is fixed by
//!    its own claim. If some are carried and some are computed, the carried ones move the base and the pool of
//!    the others: order may matter. A single claim under a schedule is fixed.
//! 4. **Assistance.** Its bases are fixed claim by claim but where insurance shared a sum out (3). Such claims
//!    leave a fixed sum together, so that they must go to one base together, or all be out of scope. Outside
//!    compensation must not touch them: it comes off a claim's base at most to nothing. Then 1 and 2 hold for
//!    every base and pool of assistance.
//! 5. **Re-assistance** pays on what assistance leaves. Of claims that share a pool with a limit (without a
//!    limit: a base) only the sum left is fixed, so that re-assistance must cover all of them or none. Then 1
//!    and 2 hold again. Where it waits for the annual limit (R3), that is reached in any order or in none if
//!    all claims of a pool, those of nothing too, are of the care kinds that are looked at, or none is.
//! 6. **Fixed shares.** A share of a single-disease limit is outside all accumulators. Out-of-catalogue cover
//!    and what the institution bears are fixed by the fee, since 4 and 5 pay out of what is within scope, as
//!    long as one rule covers a claim. A top-up of a single stay looks at what the stay was paid: it ends the argument.
//! 7. **The best of several.** The year's total is the greatest of its runs, so it is fixed where each is.
//!
//! [`proof`] walks through these conditions, for every identity that may be preferred. Where all hold,
//! nothing is tried. Where one does not, it is a *cause*, and [`trial`] settles the person again by the same
//! kernel in a fixed set of other orders. A cause does not mean that the total differs; it is listed only if
//! it was found to. Claims that touch no accumulator stay where they are. Up to [`trial::COMPLETE`] others all
//! orders are tried; beyond, the list is what was found.

pub mod proof;
pub mod trial;

use crate::model::date;
use crate::policy::eras::Eras;
use crate::settle::claims::Claims;
use crate::settle::holdings::Holdings;
use crate::settle::year::Live;
use crate::settle::{Accepted, Scratch};
use proof::{Causes, causes};
use serde::{Deserialize, Serialize};
use trial::{Case, Order, Trial};

/// A person's year whose total differs with the order. Money in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// A row of the person in the claims' columns.
    pub row: u32,
    /// Number of the policy.
    pub policy: usize,
    /// Benefit year.
    pub year: i32,
    /// Claims that count.
    pub claims: u32,
    /// Those of them that touch an accumulator: the order is one of these, numbered by time from 1.
    pub ordered: u32,
    /// The total in the order of time.
    pub total: i64,
    /// The least that was found.
    pub least: (i64, Order),
    /// The greatest that was found.
    pub greatest: (i64, Order),
    /// Orders that were tried.
    pub tried: u32,
    /// Whether these were all.
    pub complete: bool,
    /// Why the theorem does not hold.
    pub causes: Causes,
}

/// How many persons' years were looked at, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCounts {
    /// Persons' benefit years with a claim that counts.
    pub person_years: u64,
    /// The order cannot matter.
    pub proved: u64,
    /// Tried in all orders, without a difference.
    pub tried_all: u64,
    /// Tried in some orders, without a difference.
    pub tried_some: u64,
    /// Another order gives another total.
    pub differ: u64,
}

impl OrderCounts {
    /// Adds another range of persons.
    pub fn add(&mut self, other: &OrderCounts) {
        self.person_years += other.person_years;
        self.proved += other.proved;
        self.tried_all += other.tried_all;
        self.tried_some += other.tried_some;
        self.differ += other.differ;
    }
}

/// Looks at persons one after the other.
pub struct Examiner<'a> {
    eras: &'a Eras,
    only_year: Option<i32>,
    trials: Vec<Trial<'a>>,
    accepted: Vec<Accepted>,
    live: Vec<Live>,
    apart: Vec<bool>,
    years: Vec<i32>,
    /// Years whose total differs with the order.
    pub rows: Vec<OrderRow>,
    /// How all ended.
    pub counts: OrderCounts,
}

impl<'a> Examiner<'a> {
    /// One for the policies of a run; with `only_year`, for that benefit year only.
    pub fn new(eras: &'a Eras, only_year: Option<i32>) -> Self {
        Self {
            eras,
            only_year,
            trials: eras.all.iter().map(|era| Trial::new(&era.tables)).collect(),
            accepted: Vec::new(),
            live: Vec::new(),
            apart: Vec::new(),
            years: Vec::new(),
            rows: Vec::new(),
            counts: OrderCounts::default(),
        }
    }

    /// Looks at a person; `holdings` by number of the policy.
    pub fn person<'h>(
        &mut self,
        claims: &Claims<'_>,
        accepted: &[Accepted],
        holdings: impl Fn(usize) -> Holdings<'h>,
        scratch: &mut Scratch,
    ) {
        let mut of_policy = std::mem::take(&mut self.accepted);
        for policy in 0..self.eras.all.len() {
            of_policy.clear();
            of_policy.extend(accepted.iter().filter(|a| self.eras.of(claims.day[a.row as usize]) == policy));
            self.under(policy, claims, &of_policy, holdings(policy), scratch);
        }
        self.accepted = of_policy;
    }

    /// The person's claims under one policy, as the kernel gets them.
    fn under(
        &mut self,
        policy: usize,
        claims: &Claims<'_>,
        accepted: &[Accepted],
        holdings: Holdings<'_>,
        scratch: &mut Scratch,
    ) {
        let tables = &self.eras.all[policy].tables;
        self.years.clear();
        let counted = accepted.iter().filter(|a| !a.reversed).map(|a| date::year_of(claims.day[a.row as usize]));
        self.years.extend(counted.filter(|y| self.only_year.is_none_or(|only| only == *y)));
        self.years.sort_unstable();
        self.years.dedup();
        for &year in &self.years {
            let Some(year_tables) = tables.year(year) else { continue };
            self.live.clear();
            for (position, a) in accepted.iter().enumerate().filter(|(_, a)| !a.reversed) {
                let row = a.row as usize;
                if date::year_of(claims.day[row]) == year {
                    let held = holdings.in_force(tables, claims.day[row], claims.identity[row]);
                    self.live.push(Live { row: a.row, position: position as u32, held });
                }
            }
            self.counts.person_years += 1;
            let causes = causes(tables, year_tables, claims, &self.live, holdings, &mut self.apart);
            if causes.is_empty() {
                self.counts.proved += 1;
                continue;
            }
            let all = self.live.len() as u32;
            let mut apart = self.apart.iter();
            self.live.retain(|_| apart.next() == Some(&false));
            let case = Case { year, claims, accepted, live: &self.live, holdings };
            let found = self.trials[policy].year(case, scratch);
            if found.least.0 == found.total && found.greatest.0 == found.total {
                let kind = if found.complete { &mut self.counts.tried_all } else { &mut self.counts.tried_some };
                *kind += 1;
                continue;
            }
            self.counts.differ += 1;
            self.rows.push(OrderRow { policy, causes, claims: all, ..found });
        }
    }
}
