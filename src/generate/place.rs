//! Where somebody is treated: level of the hospital, area, referral.

use super::person::Illness;
use super::rng::Rng;
use super::scenario::Scenario;
use crate::model::codes::{Care, Referral};

/// Where somebody is treated, and with whose leave.
pub struct Place<'a> {
    /// Hospital level, 1 to 3.
    pub level: u8,
    /// Away from home.
    pub away: bool,
    /// Area code; none = local, or not written down.
    pub area: Option<&'a str>,
    /// Referral; none = not written down.
    pub referral: Option<Referral>,
}

impl<'a> Place<'a> {
    /// Draws the place of a treatment: the severely ill go to large hospitals, often far away.
    pub fn draw(rng: &mut Rng, scenario: &'a Scenario, care: Care, illness: Illness) -> Self {
        let severe = matches!(illness, Illness::Severe | Illness::Catastrophic);
        let inpatient = care == Care::Inpatient;
        let (first, second) = match (inpatient, severe) {
            (true, true) => (5, 35),
            (true, false) => (18, 70),
            (false, _) => (55, 85),
        };
        let level = match rng.below(100) {
            n if n < first => 1,
            n if n < second => 2,
            _ => 3,
        };
        let away = rng.chance(match (inpatient, severe) {
            (true, true) => 240_000,
            (true, false) => 130_000,
            (false, _) => 33_000,
        });
        // Half of the local records leave the area empty, which means the same.
        let area = if !away {
            scenario.home.as_ref().filter(|_| rng.chance(500_000))
        } else if rng.chance(350_000) && !scenario.region.is_empty() {
            rng.pick(&scenario.region)
        } else {
            rng.pick(&scenario.elsewhere)
        };
        let referral = match (away, inpatient, rng.below(100)) {
            (true, _, 0..22) => Some(Referral::Unreferred),
            (true, _, 22..85) | (false, true, 0..4) => Some(Referral::Referred),
            (false, false, 0..50) => None,
            _ => Some(Referral::NoneNeeded),
        };
        Place { level, away, area: area.map(String::as_str), referral }
    }
}
