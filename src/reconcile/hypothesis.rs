//! Single, named changes to what the kernel is given: what somebody may have done wrong.
//!
//! A hypothesis changes a [`World`] and nothing else; the kernel then says what would have been paid.

use super::cause::Cause;
use super::variants::{Twist, Variants};
use super::world::{Fate, History, Line, Record, Settlement, Withheld, World};
use crate::model::codes::Identity;
use crate::model::codes::{Referral, ScopeReason};
use crate::model::date::OPEN_END;
use crate::policy::eras::{Era, Eras};
use crate::policy::tables::NO_RANK;
use crate::settle::holdings::Period;
use std::collections::{BTreeMap, BTreeSet};

/// Claims of one kind that are also tried one by one, at most so many.
pub const SINGLE_CLAIMS: usize = 24;

/// Which claims a hypothesis is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that it can be about.
    All,
    /// One record.
    One(u32),
}

/// Which periods of identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// All of them.
    All,
    /// One.
    One(Held),
}

/// A period of identity as it stands on the roster, whichever policy it reaches into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// First day.
    pub begin: i32,
    /// Last day.
    pub end: i32,
    /// The run's rank of the identity.
    pub rank: u8,
}

/// How another identity was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Only that identity's own periods counted.
    OwnPeriods,
    /// It counted whenever any identity did.
    AllPeriods,
}

/// A change to what the kernel is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hypothesis {
    /// No identity.
    IdentityIgnored,
    /// After its end.
    AfterEnd(Span),
    /// Before its begin.
    BeforeBegin(Span),
    /// Both.
    OutsideDates(Span),
    /// The identity of this rank of the run's instead.
    Another(u8, Other),
    /// Rows in the order of the files.
    ProcessingOrder,
    /// Refunded records count, their refunds do not.
    NotNetted(Which),
    /// Copies count.
    Duplicates(Which),
    /// No outside compensation.
    ExtComp(Which),
    /// No excluded cause.
    ExcludedCause(Which),
    /// Nobody went without referral.
    Unreferred(Which),
    /// Every institution is designated.
    Undesignated(Which),
    /// Tables misread, by number.
    Tables(usize),
    /// Catastrophic insurance computed, not paid.
    CatastrophicNotPaid,
    /// A record computed, not paid.
    RecordNotPaid(u32),
    /// A record that nobody saw: it did not accumulate either.
    RecordNotSeen(u32),
    /// No assistance was paid.
    AssistanceNotPaid,
    /// Records that the other run does not have.
    Late,
}

/// Records that the other run of a comparison does not have.
pub type Missing = BTreeSet<u32>;

impl Hypothesis {
    /// All that can be asked about a person, in the documented order of causes.
    pub fn all(history: &History, due: &Settlement, variants: &Variants, missing: Option<&Missing>) -> Vec<Self> {
        let mut all = Vec::new();
        let ranks = &history.ranks;
        if !ranks.is_empty() {
            all.push(Hypothesis::IdentityIgnored);
            let beyond = Beyond::of(history, variants.eras());
            all.extend(beyond.spans(|b| b.after).map(Hypothesis::AfterEnd));
            all.extend(beyond.spans(|b| b.before).map(Hypothesis::BeforeBegin));
            all.extend(beyond.spans(|b| b.after && b.before).map(Hypothesis::OutsideDates));
            if ranks.len() > 1 {
                all.extend(ranks.iter().map(|r| Hypothesis::Another(*r, Other::OwnPeriods)));
                all.extend(ranks.iter().map(|r| Hypothesis::Another(*r, Other::AllPeriods)));
            }
        }
        if history.records.windows(2).any(|w| w[0].origin > w[1].origin) {
            all.push(Hypothesis::ProcessingOrder);
        }
        let records = |holds: &dyn Fn(u32) -> bool| -> Vec<u32> {
            (0..history.records.len() as u32).filter(|n| holds(*n)).collect()
        };
        let of = |n: u32| &history.records[n as usize];
        let mut each = |records: Vec<u32>, make: fn(Which) -> Hypothesis| {
            if !records.is_empty() {
                all.push(make(Which::All));
            }
            if records.len() > 1 {
                all.extend(records.iter().take(SINGLE_CLAIMS).map(|n| make(Which::One(*n))));
            }
        };
        let claim = |n: u32| &of(n).claim;
        let counts = |n: u32| of(n).fate == Fate::Counts;
        each(records(&|n| of(n).fate == Fate::Reversed && claim(n).fee > 0), Hypothesis::NotNetted);
        each(records(&|n| matches!(of(n).fate, Fate::Duplicate(_))), Hypothesis::Duplicates);
        each(records(&|n| counts(n) && claim(n).ext_comp > 0), Hypothesis::ExtComp);
        let out = |reason: ScopeReason| -> Vec<u32> {
            due.claims.iter().filter(|c| c.reason == Some(reason)).map(|c| c.record).collect()
        };
        each(out(ScopeReason::ExcludedCause), Hypothesis::ExcludedCause);
        each(out(ScopeReason::Unreferred), Hypothesis::Unreferred);
        each(out(ScopeReason::NotDesignated), Hypothesis::Undesignated);
        all.extend(variants.numbers().map(Hypothesis::Tables));
        let paid: Vec<&_> = due.claims.iter().filter(|c| c.layers.iter().any(|fen| *fen != 0)).collect();
        if paid.iter().any(|c| c.layers[..2].iter().any(|fen| *fen != 0)) {
            all.push(Hypothesis::CatastrophicNotPaid);
        }
        if !paid.is_empty() {
            all.extend(paid.iter().take(SINGLE_CLAIMS).map(|c| Hypothesis::RecordNotPaid(c.record)));
            all.extend(paid.iter().take(SINGLE_CLAIMS).map(|c| Hypothesis::RecordNotSeen(c.record)));
            all.push(Hypothesis::AssistanceNotPaid);
        }
        if missing.is_some_and(|m| !m.is_empty()) {
            all.push(Hypothesis::Late);
        }
        all.sort_by_key(|h| h.cause(variants));
        all
    }

    /// Its cause.
    pub fn cause(self, variants: &Variants) -> Cause {
        match self {
            Hypothesis::IdentityIgnored => Cause::IdentityIgnored,
            Hypothesis::AfterEnd(_) => Cause::IdentityAfterEnd,
            Hypothesis::BeforeBegin(_) => Cause::IdentityBeforeBegin,
            Hypothesis::OutsideDates(_) => Cause::IdentityOutsideDates,
            Hypothesis::Another(..) => Cause::AnotherIdentity,
            Hypothesis::ProcessingOrder => Cause::ProcessingOrder,
            Hypothesis::NotNetted(_) => Cause::ReversalNotNetted,
            Hypothesis::Duplicates(_) => Cause::DuplicatePaid,
            Hypothesis::ExtComp(_) => Cause::ExtCompNotOff,
            Hypothesis::ExcludedCause(_) => Cause::ExcludedCausePaid,
            Hypothesis::Unreferred(_) => Cause::UnreferredPaid,
            Hypothesis::Undesignated(_) => Cause::UndesignatedPaid,
            Hypothesis::Tables(number) => match variants.twist(number) {
                Twist::DeductibleNotTaken(_) => Cause::DeductibleNotTaken,
                Twist::DeductibleTwice(_) => Cause::DeductibleTwice,
                Twist::DeductiblePerStay => Cause::DeductiblePerStay,
                Twist::CapNotApplied(_) => Cause::CapNotApplied,
                Twist::CapPerStay => Cause::CapPerStay,
                Twist::PreviousYear => Cause::PreviousYearSchedule,
                Twist::NoCatastrophic => Cause::CatastrophicMissing,
            },
            Hypothesis::CatastrophicNotPaid => Cause::CatastrophicNotPaid,
            Hypothesis::RecordNotPaid(_) | Hypothesis::RecordNotSeen(_) => Cause::ClaimNotPaid,
            Hypothesis::AssistanceNotPaid => Cause::AssistanceNotPaid,
            Hypothesis::Late => Cause::LateClaim,
        }
    }

    /// The payment that was computed but not made; none where something else went wrong.
    pub fn withheld(self) -> Option<Withheld> {
        match self {
            Hypothesis::CatastrophicNotPaid => Some(Withheld::Catastrophic),
            Hypothesis::RecordNotPaid(record) => Some(Withheld::Record(record)),
            Hypothesis::AssistanceNotPaid => Some(Withheld::Assistance),
            _ => None,
        }
    }

    /// Changes a world.
    pub fn apply(self, world: &mut World, history: &History, eras: &Eras, missing: Option<&Missing>) {
        match self {
            Hypothesis::IdentityIgnored => match &mut world.periods {
                Some(periods) => periods.iter_mut().for_each(Vec::clear),
                None => world.lines.iter_mut().for_each(|l| l.certified = NO_RANK),
            },
            Hypothesis::AfterEnd(span) => widen(world, span, eras, (false, true)),
            Hypothesis::BeforeBegin(span) => widen(world, span, eras, (true, false)),
            Hypothesis::OutsideDates(span) => widen(world, span, eras, (true, true)),
            Hypothesis::Another(rank, other) => another(world, rank, eras, other),
            Hypothesis::ProcessingOrder => {
                world.lines.sort_by_key(|l| history.records[l.record as usize].origin);
            }
            Hypothesis::NotNetted(which) => {
                for line in world.lines.iter_mut().filter(|l| l.reversed && l.claim.fee > 0) {
                    line.reversed = !holds(which, line.record);
                }
            }
            Hypothesis::Duplicates(which) => duplicates(world, history, which),
            Hypothesis::ExtComp(which) => marked(world, which, |c| c.ext_comp = 0),
            Hypothesis::ExcludedCause(which) => marked(world, which, |c| c.marks.excl_cause = None),
            Hypothesis::Unreferred(which) => marked(world, which, |c| {
                if c.marks.referral == Referral::Unreferred {
                    c.marks.referral = Referral::NoneNeeded;
                }
            }),
            Hypothesis::Undesignated(which) => marked(world, which, |c| c.marks.designated = true),
            Hypothesis::Tables(number) => world.twists.push(number),
            Hypothesis::CatastrophicNotPaid | Hypothesis::RecordNotPaid(_) | Hypothesis::AssistanceNotPaid => {
                world.withheld.extend(self.withheld());
            }
            Hypothesis::RecordNotSeen(record) => world.lines.retain(|l| l.record != record),
            Hypothesis::Late => world.lines.retain(|l| missing.is_none_or(|m| !m.contains(&l.record))),
        }
    }
}

/// Whether claims lie after the end of a period, and before its begin.
#[derive(Clone, Copy, Default)]
struct Side {
    after: bool,
    before: bool,
}

/// On which sides of a person's periods there are claims; elsewhere dates cannot have been overlooked.
struct Beyond {
    periods: Vec<(Held, Side)>,
    /// The ledger carries identities: no dates are known.
    carried: bool,
}

impl Beyond {
    fn of(history: &History, eras: &Eras) -> Self {
        let days = || history.records.iter().map(|r| r.claim.day);
        let (first, last) = (days().min().unwrap_or(0), days().max().unwrap_or(0));
        let side = |held: Held| (held, Side { after: held.end < last, before: held.begin > first });
        Self { periods: history.held(eras).into_iter().map(side).collect(), carried: history.periods.is_none() }
    }

    /// All periods together, and each where there are several, as far as claims lie there.
    fn spans(&self, there: fn(Side) -> bool) -> impl Iterator<Item = Span> {
        let any = |of: fn(&Side) -> bool| self.carried || self.periods.iter().any(|(_, side)| of(side));
        let all = there(Side { after: any(|s| s.after), before: any(|s| s.before) });
        let several = self.periods.len() > 1;
        let single = self.periods.iter().filter(move |(_, side)| several && there(*side));
        all.then_some(Span::All).into_iter().chain(single.map(|(held, _)| Span::One(*held)))
    }
}

impl History {
    /// Periods of the roster, each once, by the run's ranks.
    pub fn held(&self, eras: &Eras) -> Vec<Held> {
        let policies = self.periods.iter().flatten().zip(&eras.all);
        let mut all: Vec<Held> = policies.flat_map(|(periods, era)| periods.iter().map(|p| held(p, era))).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn held(period: &Period, era: &Era) -> Held {
    Held { begin: period.begin, end: period.end, rank: era.numbers.rank(period.rank) }
}

fn holds(which: Which, record: u32) -> bool {
    match which {
        Which::All => true,
        Which::One(one) => one == record,
    }
}

fn marked(world: &mut World, which: Which, change: impl Fn(&mut crate::settle::claims::Claim)) {
    world.lines.iter_mut().filter(|l| holds(which, l.record)).for_each(|l| change(&mut l.claim));
}

/// Lets identities count before their first day or after their last.
fn widen(world: &mut World, span: Span, eras: &Eras, (before, after): (bool, bool)) {
    match &mut world.periods {
        Some(policies) => {
            for (periods, era) in policies.iter_mut().zip(&eras.all) {
                for period in periods.iter_mut().filter(|p| span == Span::All || span == Span::One(held(p, era))) {
                    if before {
                        period.begin = i32::MIN;
                    }
                    if after {
                        period.end = OPEN_END;
                    }
                }
            }
        }
        None => {
            // The ledger carries an identity claim by claim: it is carried on from the last, or back from the first.
            let carried = |l: &Line| identity(eras, l.policy, l.certified);
            let (first, last) = (
                world.lines.iter().position(|l| carried(l).is_some()),
                world.lines.iter().rposition(|l| carried(l).is_some()),
            );
            let (Some(first), Some(last)) = (first, last) else { return };
            let ends = [first, last].map(|n| carried(&world.lines[n]));
            for (n, line) in world.lines.iter_mut().enumerate() {
                if before && n < first {
                    line.certified = rank(eras, line.policy, ends[0]);
                }
                if after && n > last {
                    line.certified = rank(eras, line.policy, ends[1]);
                }
            }
        }
    }
}

/// The identity that a policy gives a rank.
fn identity(eras: &Eras, policy: usize, rank: u8) -> Option<Identity> {
    eras.all[policy].tables.identity_at.get(usize::from(rank)).copied()
}

/// The rank that a policy gives an identity.
fn rank(eras: &Eras, policy: usize, identity: Option<Identity>) -> u8 {
    identity.map_or(NO_RANK, |i| eras.all[policy].tables.rank_of[i.index()])
}

/// Lets one identity, by the run's rank, stand for all.
fn another(world: &mut World, of_run: u8, eras: &Eras, other: Other) {
    let chosen = eras.names.identity_at.get(usize::from(of_run)).copied();
    match &mut world.periods {
        Some(policies) => {
            for (policy, periods) in policies.iter_mut().enumerate() {
                let rank = rank(eras, policy, chosen);
                match other {
                    Other::OwnPeriods => periods.retain(|p| p.rank == rank),
                    Other::AllPeriods => {
                        let grant = periods.iter().find(|p| p.rank == rank).and_then(|p| p.charge_year);
                        periods.iter_mut().for_each(|p| *p = Period { rank, charge_year: grant, ..*p });
                    }
                }
            }
        }
        None => {
            for line in world.lines.iter_mut().filter(|l| l.certified != NO_RANK) {
                let rank = rank(eras, line.policy, chosen);
                match other {
                    Other::OwnPeriods if line.certified != rank => line.certified = NO_RANK,
                    _ => line.certified = rank,
                }
            }
        }
    }
}

/// Lets copies count, each after the record that it is a copy of.
fn duplicates(world: &mut World, history: &History, which: Which) {
    let mut copies: BTreeMap<u32, Vec<&Record>> = BTreeMap::new();
    for (record, copy) in (0u32..).zip(&history.records) {
        if let Fate::Duplicate(of) = copy.fate
            && holds(which, record)
        {
            copies.entry(of).or_default().push(copy);
        }
    }
    let mut lines = Vec::with_capacity(world.lines.len() + 1);
    for line in &world.lines {
        lines.push(*line);
        // What is paid on the copy is booked on the record.
        let copies = copies.get(&line.record).into_iter().flatten();
        lines.extend(copies.map(|copy| Line { claim: copy.claim, certified: copy.certified, ..*line }));
    }
    world.lines = lines;
}
