//! One claim through the layers: steps 2 to 7 of the contract.
//!
//! ```text
//!  S − basic = R0 ─ catastrophic ─► R1 ─ outside compensation ─► B ─ assistance ─► R2 ─ re-assistance
//!     ─► top-up ─► borne by the hospital ─► out-of-catalogue ─► what is left to the person
//! ```

use super::claims::Claim;
use super::layers::{Accumulators, Payer, Terms, holds, pay};
use super::outcome::{Entry, Money, NO_POOL, Outcome};
use crate::model::codes::{Channel, Layer, Referral, ScopeReason, Status};
use crate::model::fen::{NO_LIMIT, PPM, Round, Unit};
use crate::policy::document::{CatastrophicPayment, ExtComp};
use crate::policy::tables::{
    LayerTable, MajorDisease, Mask, NO_RANK, Schedule, Tables, YearTables, first_preferred, key,
};

/// What one claim is settled against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The policy.
    pub tables: &'a Tables,
    /// Its benefit year.
    pub year: &'a YearTables,
    /// Identities in force that day.
    pub held: Mask,
    /// The identity preferred this year.
    pub preferred: u8,
    /// Whether the year reached its limit (R3), as far as this run may know.
    pub cap_reached: bool,
    /// Position of the claim among the person's accepted rows.
    pub position: u32,
}

/// The accumulators that a claim moves: the year's, and its grant's where it belongs to one.
pub struct Moved<'a> {
    /// The year's.
    pub year: &'a mut Accumulators,
    /// The accumulators and the charge year of the grant that an identity is held by on the claim's day.
    pub grant: Option<(&'a mut Accumulators, i32)>,
    /// Rank of the granted identity.
    pub granted: u8,
}

/// What assistance decided: out of scope, an ordinary schedule, or a share of a single-disease limit.
enum Assistance<'a> {
    Out(ScopeReason),
    Ordinary(u8, &'a Schedule),
    Major(u8),
}

/// Settles one claim: fills in all of its outcome, in place. Whether it found the annual limit of its pool
/// reached, that is the pool's paid amount at or above the cap in force on the claim.
pub fn settle(
    context: &Context<'_>,
    claim: &Claim,
    moved: &mut Moved<'_>,
    audit: &mut Vec<Entry>,
    outcome: &mut Outcome,
) -> bool {
    let Context { tables, year, held, .. } = *context;
    let key = key(claim.insutype, claim.care, claim.marks.hosp_lv);
    let major = year.major.as_ref().filter(|m| is_major(m, claim, held));

    // Steps 2 and 3: insurance.
    let r0 = (claim.scope - claim.basic).max(0);
    let (cii, special) = match major {
        Some(_) => (0, 0),
        None => catastrophic(context, claim, key, r0, moved.year, audit),
    };
    let r1 = r0 - cii - special;
    let after_insurance = claim.fee - claim.basic - cii - special;
    let ext = claim.ext_comp.min(after_insurance);

    // Step 4: assistance.
    let assistance = assist(context, claim, key, major);
    let (identity, reason) = match assistance {
        Assistance::Out(reason) => (NO_RANK, Some(reason)),
        Assistance::Ordinary(rank, _) | Assistance::Major(rank) => (rank, None),
    };
    let mut charge_year = year.year;
    let granted = identity != NO_RANK && identity == moved.granted;
    let accumulators = match &mut moved.grant {
        Some((grant, charged)) if granted => {
            charge_year = *charged;
            &mut **grant
        }
        _ => &mut *moved.year,
    };
    let eligible = major.map_or(claim.fee, |_| claim.disease_limit.unwrap_or(claim.fee).min(claim.fee));
    let base = match &assistance {
        Assistance::Out(_) => 0,
        Assistance::Ordinary(..) => off_base(tables.ext_comp, r1, claim.ext_comp, after_insurance - ext),
        Assistance::Major(_) => {
            off_base(tables.ext_comp, eligible - claim.basic, claim.ext_comp, after_insurance - ext)
        }
    };
    let payer = |layer| Payer { claim: context.position, layer, identity };
    let terms = Terms { round: tables.round, accumulation: tables.accumulation };
    let (mut ma, mut ra, mut at_cap) = (0, 0, false);
    match assistance {
        Assistance::Out(_) => {}
        Assistance::Ordinary(rank, schedule) => {
            ma = pay(schedule, base, terms, payer(Layer::Ma), accumulators, audit);
            // Step 5: re-assistance.
            if let Some(again) = reassistance(context, claim, key, rank) {
                ra = pay(again, base - ma, terms, payer(Layer::Ra), accumulators, audit);
            }
            // Step 6: top-up of a single stay; it counts against the pool's cap.
            let covered = claim.basic + cii + special + ma + ra;
            ma += top_up(context, claim, schedule, rank, covered, base - ma - ra, accumulators, audit);
            // A limit on care that re-assistance does not cover is none that it waits for.
            at_cap = schedule.cap != NO_LIMIT
                && accumulators.paid[usize::from(schedule.pool)] >= schedule.cap
                && year.ra.as_ref().is_some_and(|l| l.covers(claim.care));
        }
        Assistance::Major(rank) => ma = major_share(context, major, rank, eligible, base, audit),
    }

    // Step 6: what the institution bears, then out-of-catalogue costs; each at most what is left.
    let mut left = after_insurance - ext - ma - ra;
    let bound = if identity == NO_RANK { held } else { 1 << identity };
    let (limit_excess, class_missing) = match major {
        Some(_) if claim.marks.designated => (claim.fee - eligible, false),
        Some(_) => (0, false),
        None => hospital_limit(context, claim, bound),
    };
    let hosp = limit_excess.min(left);
    left -= hosp;
    let oocat = match (major, identity) {
        (None, rank) if rank != NO_RANK => out_of_catalogue(context, claim, rank, hosp, left, audit),
        _ => 0,
    };
    left -= oocat;

    let mut set = |column: Money, fen: i64| outcome.money[column as usize] = fen;
    set(Money::MedfeeSumamt, claim.fee);
    set(Money::InscpScpAmt, claim.scope);
    set(Money::BasicPay, claim.basic);
    set(Money::BurdenAfterBasic, r0);
    set(Money::CiiPay, cii);
    set(Money::SpecialDrugPay, special);
    set(Money::BurdenAfterCii, r1);
    set(Money::ExtCompCounted, ext);
    set(Money::MaBase, base);
    set(Money::MaPay, ma);
    set(Money::RaPay, ra);
    set(Money::OocatPay, oocat);
    set(Money::HospBorne, hosp);
    set(Money::PsnBurden, left);
    set(Money::RecordedCii, claim.recorded_cii);
    set(Money::RecordedMaf, claim.recorded_maf);
    set(Money::PayableCii, cii + special - claim.recorded_cii);
    set(Money::PayableMa, ma + ra + oocat - claim.recorded_maf);
    outcome.charge_year = charge_year;
    outcome.identity = identity;
    outcome.status = if reason.is_none() { Status::Settled } else { Status::OutOfScope };
    outcome.reason = reason;
    outcome.channel = channel(tables, claim, identity);
    outcome.notes = notes(year, claim) | u8::from(class_missing);
    at_cap
}

fn is_major(major: &MajorDisease, claim: &Claim, held: Mask) -> bool {
    claim.disease_limit.is_some()
        && major.insutype & (1 << claim.insutype.index()) != 0
        && major.care & (1 << claim.care.index()) != 0
        && major.identities & held != 0
}

/// The assistance base: what is left, less outside compensation, unless the policy ignores that.
fn off_base(switch: ExtComp, burden: i64, ext_comp: i64, left: i64) -> i64 {
    match switch {
        ExtComp::OffBase => (burden - ext_comp).max(0),
        ExtComp::Ignored => burden.max(0).min(left),
    }
}

/// Step 3: what catastrophic insurance pays, and what its special-drug schedule pays.
fn catastrophic(
    context: &Context<'_>,
    claim: &Claim,
    key: usize,
    r0: i64,
    accumulators: &mut Accumulators,
    audit: &mut Vec<Entry>,
) -> (i64, i64) {
    let mut insure =
        |layer: &LayerTable, name: Layer| insurance(context, claim, key, r0, layer, name, accumulators, audit);
    let covers = |layer: &LayerTable| layer.covers(claim.care) && holds(&layer.conditions, claim, false);
    match (&context.year.special_drug, &context.year.cii) {
        (Some(layer), _) if covers(layer) => match insure(layer, Layer::SpecialDrug) {
            (paid, true) => (0, paid),
            (carried, false) => (carried, 0),
        },
        (_, Some(layer)) if covers(layer) => (insure(layer, Layer::Cii).0, 0),
        (_, layer) => {
            let cite = layer.as_ref().map_or(context.year.ma.cite, |l| l.cite);
            (carry(context, claim, r0, cite, NO_POOL, 0, audit), 0)
        }
    }
}

/// Pays by the layer's schedule, or carries what is recorded; the base grows all the same. Whether a
/// schedule paid.
#[allow(clippy::too_many_arguments)]
fn insurance(
    context: &Context<'_>,
    claim: &Claim,
    key: usize,
    r0: i64,
    layer: &LayerTable,
    name: Layer,
    accumulators: &mut Accumulators,
    audit: &mut Vec<Entry>,
) -> (i64, bool) {
    let tables = context.tables;
    let picked = match tables.catastrophic_payment {
        CatastrophicPayment::Recorded => None,
        _ => layer.pick(key, context.held, context.preferred, claim.day),
    };
    if let Some((identity, schedule)) = picked {
        let terms = Terms { round: tables.round, accumulation: tables.accumulation };
        let payer = Payer { claim: context.position, layer: name, identity };
        return (pay(schedule, r0, terms, payer, accumulators, audit), true);
    }
    let used = accumulators.paid[usize::from(layer.pool)];
    let carried = carry(context, claim, r0, layer.cite, layer.pool, used, audit);
    accumulators.paid[usize::from(layer.pool)] += carried;
    accumulators.base[usize::from(layer.base)] += r0;
    (carried, false)
}

/// The recorded catastrophic payment as it stands, at most R0.
fn carry(
    context: &Context<'_>,
    claim: &Claim,
    r0: i64,
    cite: u16,
    pool: u8,
    cap_used: i64,
    audit: &mut Vec<Entry>,
) -> i64 {
    if context.tables.catastrophic_payment == CatastrophicPayment::Computed {
        return 0;
    }
    let paid = claim.recorded_cii.min(r0);
    if paid > 0 {
        audit.push(Entry {
            claim: context.position,
            layer: Layer::Cii,
            identity: NO_RANK,
            cite,
            pool,
            base: r0,
            band: None,
            ratio_ppm: None,
            gross: claim.recorded_cii,
            cap: None,
            cap_used,
            paid,
        });
    }
    paid
}

/// Step 4: the identity and schedule of assistance, or the first reason why there is none.
fn assist<'a>(context: &Context<'a>, claim: &Claim, key: usize, major: Option<&MajorDisease>) -> Assistance<'a> {
    let tables = context.tables;
    if context.held == 0 {
        return Assistance::Out(ScopeReason::NoIdentity);
    }
    let found = match major {
        Some(major) => Assistance::Major(first_preferred(context.held & major.identities, context.preferred)),
        None => match context.year.ma.pick(key, context.held, context.preferred, claim.day) {
            Some((rank, schedule)) => Assistance::Ordinary(rank, schedule),
            None => return Assistance::Out(ScopeReason::CareNotCovered),
        },
    };
    if !claim.marks.designated {
        Assistance::Out(ScopeReason::NotDesignated)
    } else if tables.exclude_unreferred && claim.marks.referral == Referral::Unreferred {
        Assistance::Out(ScopeReason::Unreferred)
    } else if tables.excludes(claim.marks.excl_cause) {
        Assistance::Out(ScopeReason::ExcludedCause)
    } else {
        found
    }
}

/// Step 5: the schedule of re-assistance, if the layer covers the claim.
fn reassistance<'a>(context: &Context<'a>, claim: &Claim, key: usize, rank: u8) -> Option<&'a Schedule> {
    let layer = context.year.ra.as_ref()?;
    if !layer.covers(claim.care) || !holds(&layer.conditions, claim, context.cap_reached) {
        return None;
    }
    layer.schedule_of(key, rank, claim.day)
}

/// Tops a single stay up to a ratio of what is in scope, within the base left and the pool's cap.
#[allow(clippy::too_many_arguments)]
fn top_up(
    context: &Context<'_>,
    claim: &Claim,
    schedule: &Schedule,
    rank: u8,
    covered: i64,
    base_left: i64,
    accumulators: &mut Accumulators,
    audit: &mut Vec<Entry>,
) -> i64 {
    let pool = &mut accumulators.paid[usize::from(schedule.pool)];
    let mut total = 0;
    for rule in &context.year.top_ups {
        let holds = rule.identities & (1 << rank) != 0
            && rule.care & (1 << claim.care.index()) != 0
            && holds(&rule.conditions, claim, context.cap_reached);
        let short = context.tables.round.product(claim.scope, rule.ratio_ppm) - covered - total;
        if !holds || short <= 0 {
            continue;
        }
        let room = if schedule.cap == NO_LIMIT { NO_LIMIT } else { (schedule.cap - *pool).max(0) };
        let paid = short.min(base_left - total).min(room);
        if paid > 0 {
            audit.push(Entry {
                claim: context.position,
                layer: Layer::TopUp,
                identity: rank,
                cite: rule.cite,
                pool: schedule.pool,
                base: base_left - total,
                band: None,
                ratio_ppm: Some(rule.ratio_ppm),
                gross: short,
                cap: (schedule.cap != NO_LIMIT).then_some(schedule.cap),
                cap_used: *pool,
                paid,
            });
        }
        *pool += paid;
        total += paid;
    }
    total
}

/// A fixed share of a single-disease limit; outside all caps and accumulators.
fn major_share(
    context: &Context<'_>,
    major: Option<&MajorDisease>,
    rank: u8,
    eligible: i64,
    base: i64,
    audit: &mut Vec<Entry>,
) -> i64 {
    let Some(major) = major else { return 0 };
    let (ratio_ppm, cite) = major.shares[usize::from(rank)];
    let gross = context.tables.round.product(eligible, ratio_ppm);
    let paid = gross.min(base);
    if paid > 0 {
        audit.push(Entry {
            claim: context.position,
            layer: Layer::MajorDisease,
            identity: rank,
            cite,
            pool: NO_POOL,
            base,
            band: None,
            ratio_ppm: Some(ratio_ppm),
            gross,
            cap: None,
            cap_used: 0,
            paid,
        });
    }
    paid
}

/// What exceeds the out-of-catalogue limit of a designated institution; whether a limit would bind if
/// the price class were known.
fn hospital_limit(context: &Context<'_>, claim: &Claim, bound: Mask) -> (i64, bool) {
    if !claim.marks.designated {
        return (0, false);
    }
    let outside = claim.fee - claim.scope;
    // A limit is no payment: it stays exact to the fen where payments are made in whole yuan.
    let round = Round { unit: Unit::Fen, ..context.tables.round };
    let (mut excess, mut missing) = (0, false);
    for rule in &context.year.hospital_limits {
        let binds = rule.identities & bound != 0
            && rule.care & (1 << claim.care.index()) != 0
            && holds(&rule.conditions, claim, context.cap_reached);
        match claim.marks.fee_class {
            _ if !binds => {}
            None => missing = true,
            Some(class) => {
                if let Some(ratio_ppm) = rule.limits[class.index()] {
                    excess = (outside - round.product(claim.fee, ratio_ppm)).max(excess);
                }
            }
        }
    }
    (excess, missing)
}

/// Cover of what is out of the catalogue and not borne by the institution.
fn out_of_catalogue(
    context: &Context<'_>,
    claim: &Claim,
    rank: u8,
    hosp: i64,
    left: i64,
    audit: &mut Vec<Entry>,
) -> i64 {
    let outside = claim.fee - claim.scope - hosp;
    let mut total = 0;
    for rule in &context.year.oocats {
        let covers = rule.identities & (1 << rank) != 0
            && rule.care & (1 << claim.care.index()) != 0
            && (rule.from..=rule.until).contains(&claim.day)
            && holds(&rule.conditions, claim, context.cap_reached);
        if !covers || outside <= 0 {
            continue;
        }
        let gross = context.tables.round.product(outside, rule.ratio_ppm);
        let paid = gross.min(left - total);
        if paid > 0 {
            audit.push(Entry {
                claim: context.position,
                layer: Layer::Oocat,
                identity: rank,
                cite: rule.cite,
                pool: NO_POOL,
                base: outside,
                band: None,
                ratio_ppm: Some(rule.ratio_ppm),
                gross,
                cap: (paid < gross).then_some(left - total),
                cap_used: 0,
                paid,
            });
        }
        total += paid;
    }
    total
}

fn channel(tables: &Tables, claim: &Claim, identity: u8) -> Option<Channel> {
    if identity == NO_RANK {
        return None;
    }
    let matches = |rule: &&crate::policy::tables::ChannelRule| {
        rule.identities & (1 << identity) != 0
            && rule.care & (1 << claim.care.index()) != 0
            && (!rule.quota_managed || claim.marks.quota_managed)
    };
    tables.channels.iter().find(matches).map(|rule| rule.channel)
}

/// Remarks on the out-of-catalogue share; no money moves.
fn notes(year: &YearTables, claim: &Claim) -> u8 {
    let outside = i128::from(claim.fee - claim.scope) * i128::from(PPM);
    year.notes.iter().fold(0, |notes, rule| {
        let above = claim.marks.hosp_lv == rule.hosp_lv && outside > i128::from(rule.above_ppm) * i128::from(claim.fee);
        notes | u8::from(above) << rule.note
    })
}
