//! One row of the ledger: a visit with everything that the counter wrote down about it.

use super::bill::{Bill, Case, part};
use super::person::{Illness, Person};
use super::place::Place;
use super::rng::Rng;
use super::scenario::Scenario;
use super::visit::{Refund, Visit};
use crate::model::codes::{Care, ExclCause, FeeClass, Identity, Referral};
use crate::model::date;
use crate::model::fen::FEN_PER_YUAN;

/// Record numbers of refunds stand this far above those of the records that they cancel.
const REFUND_SLOT: u32 = 5_000;
/// And those of care that was settled again.
const AGAIN_SLOT: u32 = 7_500;

/// A row of the ledger; `None` is null.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Person number.
    pub person: u64,
    /// Record number within the person.
    pub slot: u32,
    /// Settlement time, in microseconds.
    pub at: i64,
    /// Insurance type.
    pub insutype: &'a str,
    /// Visit type.
    pub med_type: &'a str,
    /// Care kind, where no visit type stands for it.
    pub care: Option<&'a str>,
    /// The money.
    pub bill: Bill,
    /// Whether the amount above price limits was left empty.
    pub overlmt_empty: bool,
    /// Flagged as refund, or as refunded.
    pub refunded: bool,
    /// The record that it cancels.
    pub cancels: Option<u32>,
    /// Whether the record is valid.
    pub valid: bool,
    /// Area of treatment.
    pub area: Option<&'a str>,
    /// Hospital level.
    pub level: Option<&'a str>,
    /// Price class of the hospital.
    pub fee_class: Option<&'a str>,
    /// Designated institution.
    pub designated: Option<bool>,
    /// Referral.
    pub referral: Option<&'a str>,
    /// Applied for tilted assistance.
    pub tilt_applied: Option<bool>,
    /// Excluded cause.
    pub excl_cause: Option<&'a str>,
    /// Under quota management.
    pub quota_managed: Option<bool>,
    /// Single-disease limit.
    pub disease_limit: Option<i64>,
    /// Disease code.
    pub dise_codg: Option<&'a str>,
    /// Last day of the visit.
    pub enddate: i32,
    /// A needed value that was lost.
    pub missing: Option<Needed>,
}

/// Columns that a row cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// The person.
    PsnNo,
    /// The record.
    SetlId,
    /// The time.
    SetlTime,
    /// The insurance type.
    Insutype,
    /// The visit type.
    MedType,
    /// The fee.
    Fee,
    /// What is in scope.
    Scope,
    /// What the basic fund pays.
    Hifp,
}

impl<'a> Claim<'a> {
    /// The record of a visit.
    pub fn of(scenario: &'a Scenario, person: &Person, visit: &Visit) -> Self {
        let mut rng = Rng::of(visit.key, 2);
        let rng = &mut rng;
        let day = date::day_of_micros(visit.at);
        let care = care(rng, person.illness);
        let place = Place::draw(rng, scenario, care, person.illness);
        let insutype = person.insutype(day);
        let case = Case {
            care,
            illness: person.illness,
            on_roster: person.on_roster(),
            insutype,
            supplement: person.supplement,
            level: place.level,
            away: place.away,
            unreferred: place.referral == Some(Referral::Unreferred),
            assisted: assisted(scenario, care, person.held(day)),
        };
        let bill = Bill::draw(rng, &case);
        let inpatient = care == Care::Inpatient;
        let stay = if inpatient { rng.between(0, 4) as i32 } else { 0 };
        Claim {
            person: person.number,
            slot: visit.slot,
            at: visit.at,
            insutype: insutype.as_str(),
            med_type: med_type(rng, care),
            care: (care == Care::HighValueDrug).then(|| care.as_str()),
            bill,
            overlmt_empty: rng.chance(4_000),
            // On the national platform the refunded original is flagged as well.
            refunded: visit.refund.is_some() && rng.chance(600_000),
            cancels: None,
            valid: true,
            area: place.area,
            level: rng.chance(990_000).then_some(LEVELS[usize::from(place.level - 1)]),
            fee_class: fee_class(rng, scenario, place.level),
            designated: if rng.chance(10_000) { Some(false) } else { rng.chance(700_000).then_some(true) },
            referral: place.referral.map(Referral::as_str),
            tilt_applied: (scenario.tilt && inpatient).then_some(person.tilt),
            excl_cause: excl_cause(rng, care),
            quota_managed: (scenario.quota && care == Care::Chronic).then(|| rng.chance(250_000)),
            disease_limit: disease_limit(rng, scenario, &case, bill.medfee_sumamt, person.held(day)),
            dise_codg: disease(rng, scenario, person, care),
            enddate: (day - stay).max(scenario.before.unwrap_or(scenario.days).first),
            missing: None,
        }
    }

    /// The row that refunds this one.
    pub fn refunded(&self, refund: &Refund) -> Self {
        let given_back = |fen: i64| if refund.partial { -(fen / 2) } else { -fen };
        Claim {
            slot: REFUND_SLOT + self.slot,
            at: refund.at,
            bill: self.bill.each(given_back),
            refunded: true,
            cancels: refund.named.then_some(self.slot),
            ..self.clone()
        }
    }

    /// The same care, settled again after the refund.
    pub fn settled_again(&self, at: i64) -> Self {
        Claim { slot: AGAIN_SLOT + self.slot, at, refunded: false, ..self.clone() }
    }
}

/// Hospital levels as the ledger writes them.
const LEVELS: [&str; 3] = ["1", "2", "3"];

/// What people come for, by how ill they are.
fn care(rng: &mut Rng, illness: Illness) -> Care {
    use Care::{Chronic, HighValueDrug, Inpatient, Other, Outpatient, SpecialDrug};
    let weights = |chronic, drug, inpatient, other, outpatient, special| {
        [
            (Chronic, chronic),
            (HighValueDrug, drug),
            (Inpatient, inpatient),
            (Other, other),
            (Outpatient, outpatient),
            (SpecialDrug, special),
        ]
    };
    let kinds = match illness {
        Illness::Ordinary => weights(100, 4, 180, 450, 9_260, 6),
        Illness::Chronic => weights(4_000, 30, 350, 250, 5_340, 30),
        Illness::Severe => weights(3_400, 200, 1_500, 300, 4_350, 250),
        Illness::Catastrophic => weights(2_700, 500, 2_400, 200, 3_600, 600),
    };
    rng.weighted(&kinds).unwrap_or(Outpatient)
}

/// A national visit-type code for the care; for high-value drugs `care` says it.
fn med_type(rng: &mut Rng, care: Care) -> &'static str {
    let codes: &[(&'static str, u32)] = match care {
        // A stray blank is trimmed by whoever reads it.
        Care::Outpatient => &[("11", 8_995), ("12", 600), ("13", 400), ("11 ", 5)],
        Care::Chronic => &[("14", 60), ("140104", 28), ("140201", 7), ("1403", 5)],
        Care::Inpatient => &[
            ("21", 790),
            ("22", 40),
            ("23", 30),
            ("24", 20),
            ("25", 10),
            ("26", 10),
            ("28", 10),
            ("2101", 60),
            ("2102", 30),
        ],
        Care::SpecialDrug => &[("9904", 60), ("15", 40)],
        Care::HighValueDrug => &[("11", 100)],
        Care::Other => &[("41", 50), ("51", 20), ("52", 15), ("53", 5), ("2106", 6), ("2107", 4)],
    };
    rng.weighted(codes).unwrap_or("11")
}

/// How likely assistance was paid at the counter, in millionths: for some identities it is the rule.
fn assisted(scenario: &Scenario, care: Care, held: impl Iterator<Item = Identity>) -> u64 {
    if !scenario.assisted.contains(&care) {
        return 0;
    }
    held.map(|i| if scenario.at_counter.contains(&i) { 750_000 } else { 80_000 }).max().unwrap_or(0)
}

fn fee_class(rng: &mut Rng, scenario: &Scenario, level: u8) -> Option<&'static str> {
    // Some hospitals have not told their class.
    if !scenario.fee_class || rng.chance(20_000) {
        return None;
    }
    let class = match level {
        1 => FeeClass::Three,
        2 if rng.chance(300_000) => FeeClass::TwoProv,
        2 => FeeClass::TwoCounty,
        _ => FeeClass::One,
    };
    Some(class.as_str())
}

fn excl_cause(rng: &mut Rng, care: Care) -> Option<&'static str> {
    let likely = match care {
        Care::Inpatient => 6_000,
        Care::Outpatient => 800,
        _ => 0,
    };
    if rng.chance(likely) { rng.pick(ExclCause::ALL).map(|c| c.as_str()) } else { None }
}

/// A single-disease limit, in whole hundreds of yuan, near the fee and on either side of it.
fn disease_limit(
    rng: &mut Rng,
    scenario: &Scenario,
    case: &Case,
    fee: i64,
    mut held: impl Iterator<Item = Identity>,
) -> Option<i64> {
    let major = scenario.major.as_ref()?;
    if !major.insutype.contains(&case.insutype) || !major.care.contains(&case.care) {
        return None;
    }
    let named = held.any(|i| major.identities.contains(&i));
    if !rng.chance(if named { 70_000 } else { 5_000 }) {
        return None;
    }
    let hundred = 100 * FEN_PER_YUAN;
    let limit = part(fee, 550_000 + rng.below(450_000)) + part(fee, rng.below(400_000));
    Some((limit / hundred).max(10) * hundred)
}

/// Disease codes: one for the person's own illness, others for what comes and goes.
fn disease<'a>(rng: &mut Rng, scenario: &'a Scenario, person: &Person, care: Care) -> Option<&'a str> {
    const PASSING: [&str; 6] = ["J06.900", "J18.900", "K29.500", "M51.202", "S82.800", "N39.000"];
    const CHRONIC: [&str; 5] = ["I10.x00", "E11.900", "I25.103", "J44.900", "N18.500"];
    const SEVERE: [&str; 6] = ["C34.900", "C50.900", "C91.000", "I63.900", "N18.003", "I21.900"];
    if let Some(code) = rng.pick(&scenario.diseases)
        && rng.chance(100_000)
    {
        return Some(code);
    }
    let mut own = Rng::of(person.key, 3);
    match (care, person.illness) {
        (Care::Outpatient | Care::Other, _) => {
            if rng.chance(600_000) {
                None
            } else {
                rng.pick(&PASSING).copied()
            }
        }
        (_, Illness::Ordinary) => rng.pick(&PASSING).copied(),
        (_, Illness::Chronic) => own.pick(&CHRONIC).copied(),
        (_, Illness::Severe | Illness::Catastrophic) => own.pick(&SEVERE).copied(),
    }
}
