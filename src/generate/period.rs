//! Periods of identity: who is on the roster as what, from when to when, with the cases that make
//! it hard: several at once, changes within the year, ended or not yet begun, grants on application.

use super::rng::Rng;
use super::scenario::{Days, Scenario};
use crate::model::codes::Identity;
use crate::model::date;

/// One period of identity of a person.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// The identity.
    pub identity: Identity,
    /// First day.
    pub begin: i32,
    /// Last day; none = open.
    pub end: Option<i32>,
    /// Day of the application, for grants.
    pub applied_on: Option<i32>,
    /// The identity whose treatment the person gets.
    pub treated_as: Option<Identity>,
    /// The days on which it counts: the period, or the window of the grant.
    pub in_force: Days,
}

impl Period {
    /// The identity that counts.
    pub fn treated(&self) -> Identity {
        self.treated_as.unwrap_or(self.identity)
    }

    fn plain(identity: Identity, begin: i32, end: Option<i32>) -> Self {
        let in_force = Days { first: begin, last: end.unwrap_or(date::OPEN_END) };
        Period { identity, begin, end, applied_on: None, treated_as: None, in_force }
    }

    fn grant(identity: Identity, applied: i32, lookback: i32) -> Self {
        let last = date::day(date::year_of(applied), 12, 31).unwrap_or(applied);
        let first = date::month_start(applied, -lookback).unwrap_or(applied);
        let (begin, end, applied_on) = (applied, Some(last), Some(applied));
        Period { identity, begin, end, applied_on, treated_as: None, in_force: Days { first, last } }
    }
}

/// Draws the periods of one person.
pub fn draw(rng: &mut Rng, scenario: &Scenario, periods: &mut Vec<Period>) {
    let identities = match rng.below(100) {
        0..76 => 1,
        76..96 => 2,
        _ => 3,
    };
    for _ in 0..identities {
        draw_one(rng, scenario, periods);
    }
}

fn draw_one(rng: &mut Rng, scenario: &Scenario, periods: &mut Vec<Period>) {
    if rng.chance(30_000)
        && let Some(&identity) = rng.pick(&scenario.unlisted)
    {
        return spread(rng, scenario, identity, periods);
    }
    if rng.chance(30_000) {
        let from = periods.len();
        spread(rng, scenario, Identity::OtherHardship, periods);
        // One in ten has no `treated_as`; many policies then take them for nobody special.
        let treated_as = if rng.chance(900_000) { plain_identity(rng, scenario) } else { None };
        periods.iter_mut().skip(from).for_each(|p| p.treated_as = treated_as);
        return;
    }
    let Some(identity) = rng.weighted(&scenario.identities) else { return };
    match scenario.lookback(identity) {
        Some(lookback) => apply(rng, scenario, identity, lookback, periods),
        None => spread(rng, scenario, identity, periods),
    }
}

/// A listed identity that is not given on application.
fn plain_identity(rng: &mut Rng, scenario: &Scenario) -> Option<Identity> {
    (0..8).filter_map(|_| rng.weighted(&scenario.identities)).find(|i| scenario.lookback(*i).is_none())
}

/// A grant of the year, at times after one of the year before.
fn apply(rng: &mut Rng, scenario: &Scenario, identity: Identity, lookback: i32, periods: &mut Vec<Period>) {
    if let Some(before) = scenario.before
        && rng.chance(250_000)
    {
        periods.push(Period::grant(identity, within(rng, before), lookback));
        if rng.chance(300_000) {
            return;
        }
    }
    periods.push(Period::grant(identity, within(rng, scenario.days), lookback));
}

/// A period of an identity, in one of the shapes that rosters have.
fn spread(rng: &mut Rng, scenario: &Scenario, identity: Identity, periods: &mut Vec<Period>) {
    let identity = match identity {
        Identity::Monitored if rng.chance(200_000) => Identity::MonitoredSudden,
        other => other,
    };
    let days = scenario.days;
    let long_ago = days.first - rng.between(30, 2_500) as i32;
    let midway = within(rng, days);
    match rng.below(100) {
        0..8 => periods.push(Period::plain(identity, long_ago, Some(midway))),
        8..12 => periods.push(Period::plain(identity, long_ago, Some(days.first - rng.between(1, 25) as i32))),
        12..15 => periods.push(Period::plain(identity, days.last + rng.between(1, 60) as i32, None)),
        15..30 => periods.push(Period::plain(identity, midway, None)),
        // Becomes another identity within the year.
        30..42 => {
            periods.push(Period::plain(identity, long_ago, Some(midway)));
            if let Some(next) = plain_identity(rng, scenario) {
                periods.push(Period::plain(next, midway + 1, None));
            }
        }
        // Certified anew, with or without an overlap.
        42..46 => {
            let end = midway + rng.between(0, 40) as i32;
            periods.push(Period::plain(identity, long_ago, Some(end)));
            periods.push(Period::plain(identity, midway + 1, None));
        }
        46..60 => periods.push(Period::plain(identity, long_ago, Some(days.last + rng.between(0, 700) as i32))),
        _ => periods.push(Period::plain(identity, long_ago, None)),
    }
}

fn within(rng: &mut Rng, days: Days) -> i32 {
    rng.between(i64::from(days.first), i64::from(days.last)) as i32
}
