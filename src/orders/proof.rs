//! The conditions of the theorem, one person and year at a time; what breaks one is a cause.

use crate::model::codes::Referral;
use crate::model::fen::{NO_LIMIT, Round};
use crate::policy::document::{Accumulation, CatastrophicPayment, ExtComp};
use crate::policy::tables::{LayerTable, NO_RANK, Schedule, Tables, YearTables, key};
use crate::settle::claims::{Claim, Claims};
use crate::settle::holdings::Holdings;
use crate::settle::layers::holds;
use crate::settle::year::Live;

/// Why the order may matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// Claims of one accumulated base stand under several schedules, because identities changed.
    IdentityChange,
    /// The same, because claims are of different insurance types, care kinds, hospital levels or dates.
    MixedSchedules,
    /// One pool is paid from under different limits.
    SharedCap,
    /// A layer covers, or pays by its schedule, only some of the claims that share a sum.
    PartialCover,
    /// Outside compensation comes off claims among which insurance shared a sum out.
    OutsideCompensation,
    /// A payment looks at what the single stay was paid.
    StayCover,
    /// Schedules start anew with every visit.
    Visit,
    /// Rounding is not half up to the fen.
    Rounding,
}

impl Cause {
    /// All, in order.
    pub const ALL: [Cause; 8] = [
        Cause::IdentityChange,
        Cause::MixedSchedules,
        Cause::SharedCap,
        Cause::PartialCover,
        Cause::OutsideCompensation,
        Cause::StayCover,
        Cause::Visit,
        Cause::Rounding,
    ];

    /// Its name in the output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::IdentityChange => "identity_change",
            Cause::MixedSchedules => "mixed_schedules",
            Cause::SharedCap => "shared_cap",
            Cause::PartialCover => "partial_cover",
            Cause::OutsideCompensation => "outside_compensation",
            Cause::StayCover => "stay_cover",
            Cause::Visit => "visit",
            Cause::Rounding => "rounding",
        }
    }
}

/// A set of causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Causes(u8);

impl Causes {
    /// Whether there is none: the order cannot matter.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a cause is among them.
    pub fn has(self, cause: Cause) -> bool {
        self.0 & (1 << cause as u8) != 0
    }

    /// Names, comma-separated, in order.
    pub fn names(self) -> String {
        let names = Cause::ALL.into_iter().filter(|c| self.has(*c)).map(Cause::as_str);
        names.collect::<Vec<_>>().join(",")
    }

    fn add(&mut self, cause: Cause) {
        self.0 |= 1 << cause as u8;
    }
}

/// A year under examination: how one claim goes through the layers, as far as the order is concerned.
struct Path<'a> {
    live: Live,
    ext_comp: i64,
    moves: bool,
    insurance: Insurance<'a>,
    /// Schedule of assistance, and the slot of the grant that pays; none where out of scope or major.
    assistance: Option<(&'a Schedule, Option<usize>)>,
    /// Schedule of re-assistance.
    again: Option<&'a Schedule>,
    /// The care kind is one of re-assistance.
    looked_at: bool,
    topped_up: bool,
    covers: usize,
}

impl Path<'_> {
    /// Whether it touches no accumulator, and asks for none.
    fn is_apart(&self) -> bool {
        self.assistance.is_none() && (!self.moves || matches!(self.insurance, Insurance::Apart))
    }
}

/// What insurance does to a claim.
#[derive(Clone, Copy)]
enum Insurance<'a> {
    /// Nothing that an accumulator would notice.
    Apart,
    /// Carried within a layer: it moves the layer's base and pool.
    Carried(&'a LayerTable),
    /// By a schedule.
    Scheduled(&'a LayerTable, &'a Schedule),
}

/// Why the year's total may hang on the order of its claims; nothing where it cannot. Of claims that touch
/// no accumulator, whoever is preferred, the place never matters: they are marked in `apart`, a flag a claim.
pub fn causes(
    tables: &Tables,
    year: &YearTables,
    claims: &Claims<'_>,
    live: &[Live],
    holdings: Holdings<'_>,
    apart: &mut Vec<bool>,
) -> Causes {
    let mut causes = Causes::default();
    apart.clear();
    apart.resize(live.len(), true);
    if live.len() < 2 {
        return causes;
    }
    let mut of_run = |preferred: u8| {
        let run = Run { tables, year, holdings, preferred };
        let paths: Vec<Path<'_>> = live.iter().map(|l| run.path(*l, &claims.get(l.row as usize))).collect();
        apart.iter_mut().zip(&paths).for_each(|(apart, path)| *apart &= path.is_apart());
        causes.0 |= of_run(&run, &paths).0;
    };
    let mut held = live.iter().fold(0, |m, l| m | l.held);
    if held == 0 {
        of_run(NO_RANK);
    }
    while held != 0 {
        of_run(held.trailing_zeros() as u8);
        held &= held - 1;
    }
    causes
}

fn of_run(run: &Run<'_>, paths: &[Path<'_>]) -> Causes {
    let Run { tables, year, .. } = *run;
    let moving: Vec<&Path<'_>> = paths.iter().filter(|p| p.moves).collect();
    let mut causes = Causes::default();
    if run.waits() {
        waiting(paths, &mut causes);
    }
    if moving.len() < 2 {
        return causes;
    }
    let scheduled = moving.iter().any(|p| matches!(p.insurance, Insurance::Scheduled(..)) || p.assistance.is_some());
    if scheduled && tables.round != Round::default() {
        causes.add(Cause::Rounding);
    }
    if scheduled && tables.accumulation == Accumulation::Visit {
        causes.add(Cause::Visit);
    }
    let ignored = tables.ext_comp == ExtComp::Ignored;
    for path in moving.iter().filter(|p| p.assistance.is_some()) {
        if path.topped_up || path.covers > 1 {
            causes.add(Cause::StayCover);
        }
        if ignored && path.covers > 0 && path.ext_comp > 0 {
            causes.add(Cause::OutsideCompensation);
        }
    }
    for layer in [year.cii.as_ref(), year.special_drug.as_ref()].into_iter().flatten() {
        insurance(layer, &moving, &mut causes);
    }
    assistance(&moving, &mut causes);
    reassistance(&moving, &mut causes);
    causes
}

struct Run<'a> {
    tables: &'a Tables,
    year: &'a YearTables,
    holdings: Holdings<'a>,
    preferred: u8,
}

impl<'a> Run<'a> {
    fn waits(&self) -> bool {
        self.year.ra.as_ref().is_some_and(|l| l.conditions.cap_reached)
    }

    fn path(&self, live: Live, claim: &Claim) -> Path<'a> {
        let Self { tables, year, preferred, .. } = *self;
        let key = key(claim.insutype, claim.care, claim.marks.hosp_lv);
        let care = 1 << claim.care.index();
        let major = year.major.as_ref().is_some_and(|m| {
            claim.disease_limit.is_some()
                && m.insutype & (1 << claim.insutype.index()) != 0
                && m.care & care != 0
                && m.identities & live.held != 0
        });
        let insurance = if major { Insurance::Apart } else { self.insurance(live, claim, key) };
        let excluded = !claim.marks.designated
            || (tables.exclude_unreferred && claim.marks.referral == Referral::Unreferred)
            || tables.excludes(claim.marks.excl_cause);
        let in_scope = live.held != 0 && !major && !excluded;
        let picked = if in_scope { year.ma.pick(key, live.held, preferred, claim.day) } else { None };
        // A layer that waits for the limit covers as if it were reached: that it is, is one fact for all.
        let met = |conditions| holds(conditions, claim, true);
        let (mut again, mut topped_up, mut covers, mut assistance) = (None, false, 0, None);
        if let Some((rank, schedule)) = picked {
            let grant = self.holdings.grant(claim.day, year.year).filter(|g| g.rank == rank);
            assistance = Some((schedule, grant.map(|g| g.slot)));
            let layer = year.ra.as_ref().filter(|l| l.covers(claim.care) && met(&l.conditions));
            again = layer.and_then(|l| l.schedule_of(key, rank, claim.day));
            let named = |c: &&crate::policy::tables::Cover| c.identities & (1 << rank) != 0 && c.care & care != 0;
            topped_up = year.top_ups.iter().any(|c| named(&c));
            covers = year.oocats.iter().filter(named).count();
        }
        Path {
            live,
            ext_comp: claim.ext_comp,
            moves: claim.scope > claim.basic,
            insurance,
            assistance,
            again,
            looked_at: year.ra.as_ref().is_some_and(|l| l.covers(claim.care)),
            topped_up,
            covers,
        }
    }

    fn insurance(&self, live: Live, claim: &Claim, key: usize) -> Insurance<'a> {
        let covers = |l: &&LayerTable| l.covers(claim.care) && holds(&l.conditions, claim, false);
        let layers = [self.year.special_drug.as_ref(), self.year.cii.as_ref()];
        let Some(layer) = layers.into_iter().flatten().find(covers) else { return Insurance::Apart };
        let recorded = self.tables.catastrophic_payment == CatastrophicPayment::Recorded;
        match layer.pick(key, live.held, self.preferred, claim.day).filter(|_| !recorded) {
            Some((_, schedule)) => Insurance::Scheduled(layer, schedule),
            None => Insurance::Carried(layer),
        }
    }
}

/// Whether two schedules pay alike: then it does not matter whose a claim is.
fn alike(a: &Schedule, b: &Schedule) -> bool {
    let figures = |s: &Schedule| s.brackets.iter().map(|b| (b.lo, b.hi, b.ratio_ppm)).collect::<Vec<_>>();
    std::ptr::eq(a, b) || (a.cap == b.cap && a.pool == b.pool && figures(a) == figures(b))
}

/// Several schedules on one base: because identities changed, or for what the claims are.
fn several<'a>(mut paths: impl Iterator<Item = &'a Path<'a>>) -> Cause {
    let first = paths.next().map(|p| p.live.held);
    if paths.any(|p| Some(p.live.held) != first) { Cause::IdentityChange } else { Cause::MixedSchedules }
}

/// Step 3: a layer of insurance pays all of its claims by one schedule, or none.
fn insurance(layer: &LayerTable, moving: &[&Path<'_>], causes: &mut Causes) {
    let mine = |p: &&&Path<'_>| match p.insurance {
        Insurance::Scheduled(of, _) | Insurance::Carried(of) => std::ptr::eq(of, layer),
        Insurance::Apart => false,
    };
    let scheduled: Vec<(&Path<'_>, &Schedule)> = moving
        .iter()
        .filter(mine)
        .filter_map(|p| match p.insurance {
            Insurance::Scheduled(_, schedule) => Some((*p, schedule)),
            _ => None,
        })
        .collect();
    let all = moving.iter().filter(mine).count();
    let Some((_, first)) = scheduled.first() else { return };
    if all == 1 {
        return;
    }
    if scheduled.len() < all {
        let held: Vec<&Path<'_>> = moving.iter().filter(mine).copied().collect();
        let changed = held.iter().any(|p| p.live.held != held[0].live.held);
        causes.add(if changed { Cause::IdentityChange } else { Cause::PartialCover });
    }
    if scheduled.iter().any(|(_, s)| s.base != first.base || !alike(s, first)) {
        causes.add(several(scheduled.iter().map(|(p, _)| *p)));
    }
    // Step 4: they leave a sum, which goes to one base of assistance, or to none.
    let group = |p: &Path<'_>| p.assistance.map(|(s, slot)| (s.base, slot));
    let to = group(scheduled[0].0);
    if scheduled.iter().any(|(p, _)| group(p) != to) {
        let held = scheduled[0].0.live.held;
        let changed = scheduled.iter().any(|(p, _)| p.live.held != held);
        causes.add(if changed { Cause::IdentityChange } else { Cause::PartialCover });
    }
    if scheduled.iter().any(|(p, _)| p.assistance.is_some() && p.ext_comp > 0) {
        causes.add(Cause::OutsideCompensation);
    }
}

/// Step 4: one schedule a base, one limit a pool.
fn assistance(moving: &[&Path<'_>], causes: &mut Causes) {
    one_schedule(moving, |p| p.assistance, causes);
}

/// Step 5: re-assistance covers all of what shares a sum, or nothing; one schedule a base, one limit a pool.
fn reassistance(moving: &[&Path<'_>], causes: &mut Causes) {
    one_schedule(moving, |p| p.again.zip(p.assistance).map(|(s, (_, slot))| (s, slot)), causes);
    for (number, one) in moving.iter().enumerate() {
        let Some((mine, slot)) = one.assistance else { continue };
        let shares = |p: &&&Path<'_>| {
            p.assistance.is_some_and(|(s, other)| {
                other == slot && s.pool == mine.pool && (mine.cap != NO_LIMIT || s.base == mine.base)
            })
        };
        let target = |p: &Path<'_>| p.again.map(|s| s.base);
        for other in moving[number + 1..].iter().filter(shares) {
            if target(one) != target(other) {
                let changed = one.live.held != other.live.held;
                causes.add(if changed { Cause::IdentityChange } else { Cause::PartialCover });
            }
        }
    }
}

/// Steps 1 and 2 for one layer: one schedule a base, one limit a pool.
fn one_schedule<'a>(
    moving: &[&'a Path<'a>],
    of: impl Fn(&'a Path<'a>) -> Option<(&'a Schedule, Option<usize>)>,
    causes: &mut Causes,
) {
    for (number, one) in moving.iter().enumerate() {
        let Some((mine, slot)) = of(one) else { continue };
        // The first of its base and of its pool stands for all of them.
        let earlier = |same: &dyn Fn(&Schedule) -> bool| {
            moving[..number].iter().find(|p| of(p).is_some_and(|(s, other)| other == slot && same(s))).copied()
        };
        if let Some(first) = earlier(&|s| s.base == mine.base)
            && let Some((theirs, _)) = of(first)
            && !alike(mine, theirs)
        {
            causes.add(several([first, one].into_iter()));
        }
        if let Some(first) = earlier(&|s| s.pool == mine.pool)
            && let Some((theirs, _)) = of(first)
            && theirs.cap != mine.cap
        {
            causes.add(Cause::SharedCap);
        }
    }
}

/// Step 5: whether the limit was reached is one fact, whatever the order.
fn waiting(paths: &[Path<'_>], causes: &mut Causes) {
    for (number, one) in paths.iter().enumerate() {
        let Some((mine, slot)) = one.assistance.filter(|(s, _)| s.cap != NO_LIMIT) else { continue };
        let same = |p: &&Path<'_>| p.assistance.is_some_and(|(s, other)| other == slot && s.pool == mine.pool);
        if paths[number + 1..].iter().filter(same).any(|p| p.looked_at != one.looked_at) {
            causes.add(Cause::PartialCover);
        }
        if paths.iter().filter(same).any(|p| p.assistance.is_some_and(|(s, _)| s.cap != mine.cap)) {
            causes.add(Cause::SharedCap);
        }
    }
}
