//! A person of the synthetic population: insurance, illness, how often they come, which identities.
//!
//! A person is made from the seed and their number alone, so the whole population never stands in
//! memory: each month's pass over it makes every person anew, the same each time.

use super::period::{self, Period};
use super::rng::{MILLION, Rng, mix};
use super::scenario::Scenario;
use crate::model::codes::{Identity, Insutype};

/// The share of persons on the roster, in millionths.
const ON_ROSTER: u64 = 80_000;
/// Visits in a year of somebody in ordinary health: median and deviation of the logarithm.
const VISITS: (f64, f64) = (8.2, 0.47);
/// One in so many is treated many times a week, as on dialysis.
const FREQUENT_ONE_IN: u64 = 3_000;
/// No person has more records than this in a year; record numbers leave room for it.
pub const MAX_VISITS: u32 = 1_600;
/// The severely ill have costly visits rather than very many.
const MAX_VISITS_SEVERE: u32 = 48;

/// How ill a person is; decides what visits are for and what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Illness {
    /// Ordinary health.
    Ordinary,
    /// A chronic illness.
    Chronic,
    /// An illness with repeated stays in hospital.
    Severe,
    /// Stays that cost several 100 000 yuan in a year.
    Catastrophic,
}

/// A supplementary insurance beside the basic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supplement {
    /// None.
    None,
    /// The civil servants' scheme.
    CivilServant,
    /// An enterprise's scheme.
    Enterprise,
}

/// One person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Number, from 1.
    pub number: u64,
    /// Key of everything random about the person.
    pub key: u64,
    /// Insurance type on the first day of the year.
    insutype: Insutype,
    /// The day from which the other insurance type applies.
    moves_on: Option<i32>,
    /// State of health.
    pub illness: Illness,
    /// Supplementary insurance.
    pub supplement: Supplement,
    /// Applied for tilted assistance.
    pub tilt: bool,
    /// Visits in the benefit year.
    pub visits: u32,
    /// Visits in the year before, for the look-back of grants.
    pub visits_before: u32,
    /// Periods of identity; empty = not on the roster.
    pub periods: Vec<Period>,
}

impl Person {
    /// The person with this number.
    pub fn of(scenario: &Scenario, seed: u64, number: u64) -> Self {
        let key = mix(Rng::of(seed, number).next());
        let mut rng = Rng::of(key, 1);
        let on_roster = rng.chance(ON_ROSTER);
        // Few of those on a roster have a job with insurance; over all, 30 % are employees.
        let employee = rng.chance(if on_roster { 120_000 } else { 315_000 });
        let insutype = if employee { Insutype::Employee } else { Insutype::Resident };
        let moves = rng.chance(4_000).then(|| day_within(&mut rng, scenario));
        let supplement = match rng.below(100) {
            0..12 => Supplement::CivilServant,
            12..18 => Supplement::Enterprise,
            _ => Supplement::None,
        };
        let mut periods = Vec::new();
        if on_roster {
            period::draw(&mut Rng::of(key, 2), scenario, &mut periods);
        }
        let mut illness = illness(&mut rng, &periods);
        let frequent = rng.below(FREQUENT_ONE_IN) == 0;
        if frequent {
            illness = Illness::Chronic;
        }
        let visits = visits(&mut rng, on_roster, illness, frequent);
        let granted = periods.iter().any(|p| p.applied_on.is_some());
        let visits_before = if granted && scenario.before.is_some() { visits / 2 } else { 0 };
        let tilt = on_roster && scenario.tilt && rng.chance(450_000);
        Person { number, key, insutype, moves_on: moves, illness, supplement, tilt, visits, visits_before, periods }
    }

    /// The insurance type on a day.
    pub fn insutype(&self, day: i32) -> Insutype {
        match (self.moves_on.is_some_and(|from| day >= from), self.insutype) {
            (false, kept) => kept,
            (true, Insutype::Employee) => Insutype::Resident,
            (true, Insutype::Resident) => Insutype::Employee,
        }
    }

    /// Whether the person is on the roster at all.
    pub fn on_roster(&self) -> bool {
        !self.periods.is_empty()
    }

    /// The identities in force on a day.
    pub fn held(&self, day: i32) -> impl Iterator<Item = Identity> + '_ {
        self.periods.iter().filter(move |p| p.in_force.holds(day)).map(Period::treated)
    }
}

fn day_within(rng: &mut Rng, scenario: &Scenario) -> i32 {
    rng.between(i64::from(scenario.days.first), i64::from(scenario.days.last)) as i32
}

fn illness(rng: &mut Rng, periods: &[Period]) -> Illness {
    // In a million: chronic, severe, catastrophic.
    let (chronic, severe, catastrophic) = if periods.iter().any(|p| p.identity == Identity::IllnessPoor) {
        (300_000, 420_000, 120_000)
    } else if periods.is_empty() {
        (170_000, 9_000, 700)
    } else {
        (420_000, 65_000, 12_000)
    };
    match rng.below(MILLION) {
        n if n < catastrophic => Illness::Catastrophic,
        n if n < catastrophic + severe => Illness::Severe,
        n if n < catastrophic + severe + chronic => Illness::Chronic,
        _ => Illness::Ordinary,
    }
}

fn visits(rng: &mut Rng, on_roster: bool, illness: Illness, frequent: bool) -> u32 {
    // A few on the roster are never ill.
    if on_roster && rng.chance(15_000) {
        return 0;
    }
    let (median, sigma) = VISITS;
    let more = match illness {
        Illness::Ordinary => 1.0,
        Illness::Chronic => 1.6,
        Illness::Severe | Illness::Catastrophic => 2.0,
    };
    let drawn = rng.log_normal(if on_roster { median * 1.2 } else { median } * more, sigma);
    let most = match illness {
        Illness::Severe | Illness::Catastrophic => MAX_VISITS_SEVERE,
        _ => MAX_VISITS,
    };
    let often = if frequent { drawn * rng.between(8, 40) as f64 } else { drawn };
    (often as u32).clamp(1, most)
}
