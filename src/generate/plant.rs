//! One known error in one person's payments, as a desk would have made it.

use super::rewrite::Truth;
use crate::model::codes::Referral;
use crate::model::date;
use crate::reconcile::measure::{ASSISTANCE, CATASTROPHIC, Measures, Vector, is_nought, minus};
use crate::reconcile::variants::{Twist, Whose};
use crate::reconcile::world::{Bench, Fate, History, Settlement, World};
use crate::settle::holdings::Period;

/// Pairs of rows that are tried when two are to change places.
const SWAPS_TRIED: usize = 40;
/// Rows on which a fen is lost.
const ROUNDED_ROWS: usize = 3;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)+) => {
        /// What a desk does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $kind,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$kind,)+];

            /// The name, which is that of the cause.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)+ }
            }
        }
    };
}

kinds! {
    /// The person's roster rows are not looked at.
    IdentityIgnored = "identity_ignored",
    /// The end of a period is not looked at.
    IdentityAfterEnd = "identity_after_end",
    /// The begin of a period is not looked at.
    IdentityBeforeBegin = "identity_before_begin",
    /// No date of any period is looked at.
    IdentityOutsideDates = "identity_outside_dates",
    /// Only one of several identities is looked at.
    AnotherIdentity = "another_identity",
    /// Rows of the ledger are entered, and taken, in another order.
    ProcessingOrder = "processing_order",
    /// A refunded record is paid.
    ReversalNotNetted = "reversal_not_netted",
    /// A record is entered and paid twice.
    DuplicatePaid = "duplicate_paid",
    /// Outside compensation of a claim is not looked at.
    ExtCompNotOff = "ext_comp_not_off",
    /// An excluded cause of a claim is not looked at.
    ExcludedCausePaid = "excluded_cause_paid",
    /// A missing referral is not looked at.
    UnreferredPaid = "unreferred_paid",
    /// Whether an institution is designated is not looked at.
    UndesignatedPaid = "undesignated_paid",
    /// A layer's deductible is not taken.
    DeductibleNotTaken = "deductible_not_taken",
    /// A layer's deductible is taken twice.
    DeductibleTwice = "deductible_twice",
    /// Deductibles and brackets begin afresh with every stay.
    DeductiblePerStay = "deductible_per_stay",
    /// A layer's cap is not applied.
    CapNotApplied = "cap_not_applied",
    /// Caps are those of a stay.
    CapPerStay = "cap_per_stay",
    /// Last year's figures are applied.
    PreviousYearSchedule = "previous_year_schedule",
    /// Catastrophic insurance is left out, and assistance computed without it.
    CatastrophicMissing = "catastrophic_missing",
    /// Catastrophic insurance is computed, not paid.
    CatastrophicNotPaid = "catastrophic_not_paid",
    /// A claim's payments are not made.
    ClaimNotPaid = "claim_not_paid",
    /// No assistance is paid.
    AssistanceNotPaid = "assistance_not_paid",
    /// A fen is won on a few rows.
    Rounding = "rounding",
}

/// Errors in a person's payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plant {
    /// Their kinds, in the order in which they were made.
    pub kinds: Vec<Kind>,
    /// What is booked: record, catastrophic payment, assistance, in fen.
    pub paid: Vec<(u32, i64, i64)>,
    /// A record that stands in the ledger twice.
    pub copy: Option<u32>,
    /// Two records that change places in the ledger.
    pub swap: Option<(u32, u32)>,
    /// Kind, year, fund and amount, of persons not yet named.
    pub truth: Vec<Truth>,
}

/// What errors do to a person's file, and to what is paid after it was settled.
#[derive(Clone, Default)]
struct Desk {
    copy: Option<u32>,
    swap: Option<(u32, u32)>,
    no_catastrophic: bool,
    no_assistance: bool,
    unpaid: Option<u32>,
    fen: bool,
}

/// The year of the person's payments: the one with most claims.
fn year_of(settled: &Settlement) -> Option<i32> {
    let years: Vec<i32> = settled.claims.iter().map(|c| c.charge_year).collect();
    years.iter().copied().max_by_key(|y| (years.iter().filter(|z| *z == y).count(), *y))
}

/// A person whose payments are booked as they are due.
pub struct Case {
    /// The person.
    pub history: History,
    /// Catastrophic payments as the ledger first had them, by record: those of the ordinary insurance.
    pub ordinary: Vec<i64>,
}

/// Makes the errors; none where one of them would move nothing, or there is nothing to go wrong.
pub fn plant(bench: &mut Bench<'_>, case: &Case, kinds: &[Kind]) -> Option<Plant> {
    let due = bench.settle(&case.history.world(), false)?;
    let year = year_of(&due)?;
    for variant in 0..variants(kinds) {
        if let Some(found) = attempt(bench, case, &due, year, kinds, variant) {
            return Some(found);
        }
    }
    None
}

/// Ways to make an error that are tried.
fn variants(kinds: &[Kind]) -> usize {
    let of = |kind: &Kind| match kind {
        Kind::ProcessingOrder => SWAPS_TRIED,
        Kind::IdentityIgnored | Kind::AssistanceNotPaid | Kind::CatastrophicNotPaid | Kind::Rounding => 1,
        _ => 3,
    };
    kinds.iter().map(of).max().unwrap_or(1)
}

fn attempt(
    bench: &mut Bench<'_>,
    case: &Case,
    due: &Settlement,
    year: i32,
    kinds: &[Kind],
    variant: usize,
) -> Option<Plant> {
    // Once to learn what is booked, and once more on the ledger as it is then: what is carried must stay.
    let (history, ordinary) = (&case.history, &case.ordinary);
    let (_, paid, ..) = settle(bench, (history, ordinary), due, kinds, variant)?;
    let mut written = history.clone();
    for (record, cii, maf) in &paid {
        let claim = &mut written.records[*record as usize].claim;
        (claim.recorded_cii, claim.recorded_maf) = (*cii, *maf);
    }
    let (sums, again, desk) = settle(bench, (&written, ordinary), due, kinds, variant)?;
    if again != paid {
        return None;
    }
    let due = bench.settle(&written.world(), false)?;
    let of_due = Measures::funds().of(&due.year(year));
    // What is booked is told by year, so the person must have one.
    if due.claims.iter().any(|c| c.charge_year != year) {
        return None;
    }
    let (mut before, mut truth) = (of_due, Vec::new());
    for (kind, sum) in kinds.iter().zip(&sums) {
        let moved = minus(sum, &before);
        if is_nought(&moved) {
            return None;
        }
        for (measure, fen) in Measures::funds().0.iter().zip(moved).filter(|(_, fen)| *fen != 0) {
            let (cause, fund) = (kind.name(), measure.name);
            truth.push(Truth { psn_no: String::new(), charge_year: year, cause, fund, amount: fen });
        }
        before = *sum;
    }
    if is_nought(&minus(&before, &of_due)) {
        return None;
    }
    Some(Plant { kinds: kinds.to_vec(), paid, copy: desk.copy, swap: desk.swap, truth })
}

/// What is booked after an error: sums after each kind, payments by record, and what happened at the desk.
type Booked = (Vec<Vector>, Vec<(u32, i64, i64)>, Desk);

fn settle(
    bench: &mut Bench<'_>,
    (history, ordinary): (&History, &[i64]),
    due: &Settlement,
    kinds: &[Kind],
    variant: usize,
) -> Option<Booked> {
    let (mut world, mut desk) = (history.world(), Desk::default());
    let (mut sums, mut paid) = (Vec::new(), Vec::new());
    for kind in kinds {
        err(*kind, variant, bench, history, due, &mut world, &mut desk)?;
        if *kind == Kind::IdentityIgnored {
            // Nobody asks insurance for more than it pays to everybody.
            world.lines.iter_mut().for_each(|l| l.claim.recorded_cii = ordinary[l.record as usize]);
        }
        let settled = bench.settle(&world, false)?;
        paid = book(history, &settled, &desk);
        let mut sum = Vector::default();
        for (_, cii, maf) in &paid {
            sum[0] += cii;
            sum[1] += maf;
        }
        sums.push(sum);
    }
    Some((sums, paid, desk))
}

/// What is booked by record.
fn book(history: &History, settled: &Settlement, desk: &Desk) -> Vec<(u32, i64, i64)> {
    let mut rounded = 0;
    let mut paid = Vec::new();
    for (n, record) in (0u32..).zip(&history.records) {
        if !matches!(record.fate, Fate::Counts | Fate::Reversed) {
            continue;
        }
        let layers = settled.claims.iter().filter(|c| c.record == n).fold([0i64; 5], |mut sum, c| {
            sum.iter_mut().zip(c.layers).for_each(|(s, fen)| *s += fen);
            sum
        });
        let (mut cii, mut maf) = (CATASTROPHIC.of(&layers), ASSISTANCE.of(&layers));
        if desk.no_catastrophic || desk.unpaid == Some(n) {
            cii = 0;
        }
        if desk.no_assistance || desk.unpaid == Some(n) {
            maf = 0;
        }
        if desk.fen && maf > 0 && rounded < ROUNDED_ROWS {
            rounded += 1;
            maf += 1;
        }
        paid.push((n, cii, maf));
    }
    paid
}

/// The periods under the one policy of the ledger, whose ranks are the run's.
fn only(world: &mut World) -> Option<&mut Vec<Period>> {
    world.periods.as_mut()?.first_mut()
}

/// Makes one error.
fn err(
    kind: Kind,
    variant: usize,
    bench: &Bench<'_>,
    history: &History,
    due: &Settlement,
    world: &mut World,
    desk: &mut Desk,
) -> Option<()> {
    let year = year_of(due)?;
    let (first, last) = (date::day(year, 1, 1)?, date::day(year, 12, 31)?);
    let nth = |records: Vec<u32>| records.get(variant).copied();
    let records = |holds: &dyn Fn(u32) -> bool| (0..history.records.len() as u32).filter(|n| holds(*n)).collect();
    let of = |n: u32| &history.records[n as usize];
    let stands = |n: u32| of(n).fate == Fate::Counts;
    let earns = |n: u32| due.claims.iter().any(|c| c.record == n && c.layers[2..].iter().any(|fen| *fen > 0));
    let line = |world: &mut World, record: u32| world.lines.iter().position(|l| l.record == record);
    let twist = |twist: Twist| bench.variants().number(twist).filter(|n| bench.variants().go_together(&[*n]));
    let whose = [Whose::Assistance, Whose::Catastrophic, Whose::Reassistance][variant % 3];
    let begun = |p: &Period| p.charge_year.is_none() && p.begin > first && p.begin <= last;
    let ended = |p: &Period| p.charge_year.is_none() && p.end >= first && p.end < last;
    let period = |world: &mut World, fits: &dyn Fn(&Period) -> bool| -> Option<usize> {
        let periods = only(world)?;
        periods.iter().enumerate().filter(|(_, p)| fits(p)).map(|(n, _)| n).nth(variant)
    };
    match kind {
        Kind::IdentityIgnored => world.periods = Some(vec![Vec::new()]),
        Kind::IdentityAfterEnd => {
            let n = period(world, &ended)?;
            only(world)?[n].end = last;
        }
        Kind::IdentityBeforeBegin => {
            let n = period(world, &begun)?;
            only(world)?[n].begin = first;
        }
        Kind::IdentityOutsideDates => {
            let dated = |p: &&mut Period| p.charge_year.is_none();
            // Something must lie on either side.
            let days = || history.records.iter().filter(|r| r.fate == Fate::Counts).map(|r| r.claim.day);
            let (visited, left) = (days().min()?, days().max()?);
            let (mut early, mut late) = (false, false);
            for period in only(world)?.iter_mut().filter(dated) {
                (early, late) = (early || period.begin > visited, late || period.end < left);
                (period.begin, period.end) = (period.begin.min(first), period.end.max(last));
            }
            (early && late && variant == 0).then_some(())?;
        }
        Kind::AnotherIdentity => {
            let ranks = &history.ranks;
            let rank = *ranks.get(variant).filter(|_| ranks.len() > 1)?;
            only(world)?.retain(|p| p.rank == rank);
        }
        Kind::ProcessingOrder => {
            let (a, b) = swapped(history, due, variant)?;
            let order: Vec<u32> = entered(history, a, b);
            world.lines.sort_by_key(|l| order.iter().position(|n| *n == l.record));
            desk.swap = Some((a, b));
        }
        Kind::ReversalNotNetted => {
            let n = nth(records(&|n| of(n).fate == Fate::Reversed && of(n).claim.fee > 0))?;
            let at = line(world, n)?;
            world.lines[at].reversed = false;
        }
        Kind::DuplicatePaid => {
            let n = nth(records(&earns))?;
            let at = line(world, n)?;
            let copy = world.lines[at];
            world.lines.insert(at + 1, copy);
            desk.copy = Some(n);
        }
        Kind::ExtCompNotOff => {
            let n = nth(records(&|n| stands(n) && of(n).claim.ext_comp > 0))?;
            let at = line(world, n)?;
            world.lines[at].claim.ext_comp = 0;
        }
        Kind::ExcludedCausePaid => {
            let n = nth(records(&|n| stands(n) && of(n).claim.marks.excl_cause.is_some()))?;
            let at = line(world, n)?;
            world.lines[at].claim.marks.excl_cause = None;
        }
        Kind::UnreferredPaid => {
            let n = nth(records(&|n| stands(n) && of(n).claim.marks.referral == Referral::Unreferred))?;
            let at = line(world, n)?;
            world.lines[at].claim.marks.referral = Referral::Referred;
        }
        Kind::UndesignatedPaid => {
            let n = nth(records(&|n| stands(n) && !of(n).claim.marks.designated))?;
            let at = line(world, n)?;
            world.lines[at].claim.marks.designated = true;
        }
        Kind::DeductibleNotTaken => world.twists.push(twist(Twist::DeductibleNotTaken(whose))?),
        Kind::DeductibleTwice => world.twists.push(twist(Twist::DeductibleTwice(whose))?),
        Kind::DeductiblePerStay => world.twists.push(twist(Twist::DeductiblePerStay)?),
        Kind::CapNotApplied => world.twists.push(twist(Twist::CapNotApplied(whose))?),
        Kind::CapPerStay => world.twists.push(twist(Twist::CapPerStay)?),
        Kind::PreviousYearSchedule => world.twists.push(twist(Twist::PreviousYear)?),
        Kind::CatastrophicMissing => world.twists.push(twist(Twist::NoCatastrophic)?),
        Kind::CatastrophicNotPaid => desk.no_catastrophic = true,
        Kind::ClaimNotPaid => desk.unpaid = Some(nth(records(&earns))?),
        Kind::AssistanceNotPaid => desk.no_assistance = true,
        Kind::Rounding => desk.fen = true,
    }
    Some(())
}

/// Two records of one row group that may change places: of those whose order can matter at all.
fn swapped(history: &History, due: &Settlement, variant: usize) -> Option<(u32, u32)> {
    let group = |n: u32| (history.place(n).1 - 1) / super::sheet::GROUP_ROWS as u64;
    let scoped: Vec<u32> =
        due.claims.iter().filter(|c| c.reason.is_none() && c.layers != [0; 5]).map(|c| c.record).collect();
    // Only a change of identity, or of insurance, makes the order matter.
    let identities = due.claims.iter().filter(|c| c.reason.is_none()).map(|c| c.identity);
    let mut identities: Vec<u8> = identities.collect();
    identities.dedup();
    if identities.len() < 2 && due.claims.iter().all(|c| c.layers[..2] == [0, 0]) {
        return None;
    }
    let pairs = scoped.iter().enumerate().flat_map(|(n, a)| scoped[n + 1..].iter().rev().map(move |b| (*a, *b)));
    pairs.filter(|(a, b)| group(*a) == group(*b)).nth(variant)
}

/// Records in the order of the ledger once two of them changed places.
fn entered(history: &History, a: u32, b: u32) -> Vec<u32> {
    let origin = |n: u32| match n {
        n if n == a => history.records[b as usize].origin,
        n if n == b => history.records[a as usize].origin,
        n => history.records[n as usize].origin,
    };
    let mut order: Vec<u32> = (0..history.records.len() as u32).collect();
    order.sort_by_key(|n| origin(*n));
    order
}
