//! Many histories, over threads: the same ones on every run, so that a red run is red for everybody.

use super::histories::counts::Standing;
use super::histories::dice::bytes_of;
use super::histories::outcome::Outcome;
use super::histories::person::Person;
use super::histories::{compare_history, draw, history::History};
use onestop::model::date;
use onestop::settle::outcome::Money;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that a history is drawn from.
const BYTES: usize = 1_024;
/// Histories that a thread takes at a time.
const BATCH: u64 = 512;

/// What came up.
#[derive(Debug, Default)]
pub struct Seen {
    /// Histories compared.
    pub histories: u64,
    /// Benefit years of persons in which a claim was settled.
    pub years: u64,
    /// Claims that were settled.
    pub claims: u64,
    /// Burdens that lie at a point of a rule or one fen beside it.
    pub aimed: u64,
    /// What happened, and in how many histories.
    pub happened: BTreeMap<String, u64>,
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Compares histories until so many person-years were compared, `ONESTOP_REFEREE_YEARS` if that is set,
/// over `ONESTOP_REFEREE_THREADS`; `ONESTOP_REFEREE_SEED` looks elsewhere.
pub fn compare_years(usual: u64) -> Seen {
    let wanted = number("ONESTOP_REFEREE_YEARS").unwrap_or(usual);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let threads = number("ONESTOP_REFEREE_THREADS").unwrap_or(cores);
    let next = AtomicU64::new(number("ONESTOP_REFEREE_SEED").unwrap_or(0));
    let done = AtomicU64::new(0);
    let all = Mutex::new(Seen::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut at = Guard { seed: 0, done: &done };
                let mut seen = Seen::default();
                while done.load(Ordering::Relaxed) < wanted {
                    let (first, before) = (next.fetch_add(BATCH, Ordering::Relaxed), seen.years);
                    for seed in first..first + BATCH {
                        at.seed = seed;
                        compare_seed(seed, &mut seen);
                    }
                    // A thread that fails has set it to the largest number there is.
                    let more = |n: u64| Some(n.saturating_add(seen.years - before));
                    let _ = done.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
                }
                let mut all = all.lock().expect("no thread has failed");
                all.histories += seen.histories;
                all.years += seen.years;
                all.claims += seen.claims;
                all.aimed += seen.aimed;
                seen.happened.into_iter().for_each(|(what, times)| *all.happened.entry(what).or_default() += times);
            });
        }
    });
    all.into_inner().expect("no thread has failed")
}

/// Tells the seed of a difference, or of a panic of the program itself, and lets the other threads end.
struct Guard<'a> {
    seed: u64,
    done: &'a AtomicU64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was ONESTOP_REFEREE_SEED={}", self.seed);
            self.done.store(u64::MAX, Ordering::Relaxed);
        }
    }
}

/// Compares the history of a seed.
fn compare_seed(seed: u64, seen: &mut Seen) {
    let mut bytes = [0; BYTES];
    bytes_of(seed, &mut bytes);
    let (history, aimed) = draw::history(&bytes);
    let person = compare_history(&history).unwrap_or_else(|difference| panic!("{difference}"));
    seen.histories += 1;
    seen.aimed += aimed as u64;
    seen.claims += person.outcomes.len() as u64;
    seen.years += benefit_years(&history, &person).len() as u64;
    for what in happened(&history, &person) {
        *seen.happened.entry(what).or_default() += 1;
    }
}

fn benefit_years(history: &History, person: &Person) -> BTreeSet<i32> {
    let town = &super::histories::town::towns()[history.town];
    let day = |row: &usize| super::histories::counts::deciding_day(town, &history.rows[*row]);
    person.outcomes.keys().map(|row| date::year_of(day(row))).collect()
}

/// What a history has, in words.
fn happened(history: &History, person: &Person) -> BTreeSet<String> {
    let town = &super::histories::town::towns()[history.town];
    let mut all = BTreeSet::from([town.name.clone()]);
    let mut note = |what: &str| {
        if !all.contains(what) {
            all.insert(what.to_owned());
        }
    };
    for standing in &person.standing {
        match standing {
            Standing::Counts => {}
            Standing::Reversed => note("reversed"),
            Standing::Rejected(reason) => note(reason.as_str()),
        }
    }
    for (row, outcome) in &person.outcomes {
        of_claim(outcome, &mut note);
        let day = super::histories::counts::deciding_day(town, &history.rows[*row]);
        if outcome.charge_year != date::year_of(day) {
            note("charged to another year");
        }
    }
    for year in &person.years {
        if let (Some(preferred), true) = (year.preferred, year.not_taken.is_some()) {
            note("several identities");
            if year.identities.first() != Some(&preferred) {
                note("another than the first listed identity pays more");
            }
        }
    }
    person.alerts.iter().for_each(|a| note(&a.alert));
    let applied: BTreeSet<_> = person.outcomes.values().filter_map(|o| o.identity).collect();
    if applied.len() > 1 {
        note("a change of identity");
    }
    all
}

fn of_claim(outcome: &Outcome, note: &mut impl FnMut(&str)) {
    for line in &outcome.audit {
        if line.paid > Decimal::ZERO {
            note(line.layer.as_str());
        }
        if let (Some(cap), true) = (line.cap, line.paid < line.gross) {
            note(&format!("{} cut", line.layer));
            if line.used > cap {
                note(&format!("{} over its limit", line.layer));
            }
        }
        if line.rule == "recorded" {
            note("carried");
        }
    }
    match outcome.reason {
        Some(reason) => note(reason.as_str()),
        None => note("settled"),
    }
    if let Some(channel) = outcome.channel {
        note(channel.as_str());
    }
    outcome.notes.iter().for_each(|n| note(n));
    if outcome.get(Money::HospBorne) > Decimal::ZERO {
        note("hosp_borne");
    }
}
