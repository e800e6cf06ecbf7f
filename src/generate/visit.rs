//! When a person comes, and what becomes of the record: only what decides in which months' passes
//! its rows stand. It is cheap on purpose, for every pass draws it again for everybody.

use super::person::Person;
use super::rng::{Rng, mix};
use super::scenario::{Days, Scenario};
use crate::model::date::{self, MICROS_PER_DAY};

const MICROS_PER_SECOND: i64 = 1_000_000;
/// Counters open at seven and close at eight in the evening, in seconds of the day.
const OPEN: (i64, i64) = (7 * 3_600, 20 * 3_600);

/// A settlement record to be.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// Number among the person's records, from 0.
    pub slot: u32,
    /// Key of everything random about it.
    pub key: u64,
    /// When it is settled, in microseconds.
    pub at: i64,
    /// Its refund.
    pub refund: Option<Refund>,
    /// Whether the record was exported twice.
    pub copied: bool,
}

/// The refund of a record.
#[derive(Clone, Copy, Debug)]
pub struct Refund {
    /// When.
    pub at: i64,
    /// Whether the refund names the record that it cancels.
    pub named: bool,
    /// Whether only a part was given back, as far as the amounts say (only where it is named).
    pub partial: bool,
    /// When the same care is settled again.
    pub again_at: Option<i64>,
}

impl Visit {
    /// The visits of a person, in no order of time.
    pub fn all<'a>(person: &'a Person, scenario: &'a Scenario) -> impl Iterator<Item = Visit> + 'a {
        let year = (0..person.visits).map(|slot| (slot, scenario.days));
        let window = person.periods.iter().filter(|p| p.applied_on.is_some()).map(|p| p.in_force.first).min();
        let lookback = |days: Days| days.and(Days { first: window.unwrap_or(days.last), last: days.last });
        let before = scenario.before.and_then(lookback);
        let earlier = before
            .into_iter()
            .flat_map(move |days| (person.visits..person.visits + person.visits_before).map(move |slot| (slot, days)));
        year.chain(earlier).map(|(slot, days)| Visit::draw(person, slot, days, scenario.days.last))
    }

    fn draw(person: &Person, slot: u32, days: Days, last: i32) -> Visit {
        let key = mix(person.key ^ (u64::from(slot) + 16));
        let mut rng = Rng::of(key, 1);
        // Two records are at times settled in the same second.
        let clock = if rng.chance(10_000) { slot.saturating_sub(1) } else { slot };
        let at = instant(&mut Rng::of(person.key, u64::from(clock) + 16), days);
        let refund = rng.chance(3_000).then(|| {
            let end = (i64::from(last) + 1) * MICROS_PER_DAY - MICROS_PER_SECOND;
            let wait = rng.between(60, 20 * 86_400) * MICROS_PER_SECOND;
            let named = rng.chance(700_000);
            let partial = named && rng.chance(30_000);
            let refunded = at.saturating_add(wait).min(end);
            let pause = rng.between(30, 900) * MICROS_PER_SECOND;
            let again_at = rng.chance(500_000).then_some(refunded.saturating_add(pause).min(end));
            Refund { at: refunded, named, partial, again_at }
        });
        let copied = refund.is_none() && rng.chance(100);
        Visit { slot, key, at, refund, copied }
    }
}

/// Whether an instant lies on one of these days.
pub fn lies_in(days: Days, at: i64) -> bool {
    days.holds(date::day_of_micros(at))
}

fn instant(rng: &mut Rng, days: Days) -> i64 {
    let day = rng.between(i64::from(days.first), i64::from(days.last));
    let second = rng.between(OPEN.0, OPEN.1);
    // The first and the last second of the span are where years are told apart.
    match rng.below(20_000) {
        0 => i64::from(days.first) * MICROS_PER_DAY,
        1 => (i64::from(days.last) + 1) * MICROS_PER_DAY - MICROS_PER_SECOND,
        _ => day * MICROS_PER_DAY + second * MICROS_PER_SECOND,
    }
}
