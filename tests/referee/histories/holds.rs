//! What a roster comes to: which identities are in force on a day, and which grant a claim belongs to.

use super::history::Tenure;
use super::town::{Town, is_one_of};
use onestop::model::codes::{Identity, RejectReason};
use onestop::model::date;
use onestop::policy::document::InForce;

/// First to last day of an identity; for one that is granted, of its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The identity.
    pub identity: Identity,
    /// First day.
    pub begin: i32,
    /// Last day.
    pub end: i32,
    /// For a grant: the year of its application.
    pub grant: Option<i32>,
}

/// Months of look-back of an identity that is granted on application.
fn lookback(town: &Town, identity: Identity) -> Option<u16> {
    town.doc.identity.iter().find(|i| i.code == identity)?.grant_lookback_months
}

/// The identity that a policy grants on application.
pub fn granted(town: &Town) -> Option<Identity> {
    town.doc.identity.iter().find(|i| i.grant_lookback_months.is_some()).map(|i| i.code)
}

/// What each row of a roster stands for, or why it is rejected.
pub fn stretches(town: &Town, roster: &[Tenure]) -> Vec<Result<Stretch, RejectReason>> {
    let becomes = |t: &Tenure| match t.treated_as {
        Some(other) if t.identity == Identity::OtherHardship => other,
        _ => t.identity,
    };
    let read = |row: &Tenure| {
        let identity = becomes(row);
        let end = row.end.unwrap_or(i32::MAX);
        if end < row.begin {
            return Err(RejectReason::BadPeriod);
        }
        let Some(months) = lookback(town, identity) else {
            let month = |n| date::month_start(row.begin, n).expect("a month of the calendar");
            let begin = match town.doc.switches.in_force {
                InForce::Day => row.begin,
                InForce::Month => month(0),
                InForce::NextMonth => month(1),
            };
            return Ok(Stretch { identity, begin, end, grant: None });
        };
        let applied_on = row.applied_on.ok_or(RejectReason::ApplicationDateMissing)?;
        let year = date::year_of(applied_on);
        let begin = date::month_start(applied_on, -i32::from(months)).expect("a month of the calendar");
        let end = date::day(year, 12, 31).expect("a day of the calendar");
        Ok(Stretch { identity, begin, end, grant: Some(year) })
    };
    let read: Vec<_> = roster.iter().map(read).collect();
    // One grant a calendar year: the earlier application stands, of equal ones the first row (R36).
    let repeats = |row: usize| {
        let Ok(Stretch { identity, grant: Some(year), .. }) = read[row] else { return false };
        let same = |other: &usize| matches!(read[*other], Ok(s) if s.identity == identity && s.grant == Some(year));
        let applied = |n: usize| (roster[n].applied_on, n);
        (0..read.len()).filter(same).any(|other| applied(other) < applied(row))
    };
    let of = |row: usize| if repeats(row) { Err(RejectReason::RepeatApplication) } else { read[row] };
    (0..read.len()).map(of).collect()
}

/// Identities in force on a day, in the order of ties.
pub fn in_force(town: &Town, stretches: &[Stretch], day: i32) -> Vec<Identity> {
    let held = |i: &Identity| stretches.iter().any(|s| s.identity == *i && s.begin <= day && day <= s.end);
    let held: Vec<Identity> = town.order.iter().copied().filter(held).collect();
    let excluded = |i: &Identity| {
        let special = town.doc.identity.iter().find(|d| d.code == *i);
        special.is_some_and(|d| held.iter().any(|other| is_one_of(*other, &d.exclusive_with)))
    };
    held.iter().copied().filter(|i| !excluded(i)).collect()
}

/// The earliest grant of an identity whose window holds the day (R7).
pub fn grant_of(stretches: &[Stretch], identity: Identity, day: i32) -> Option<i32> {
    let holds = |s: &&Stretch| s.identity == identity && s.begin <= day && day <= s.end;
    let windows = stretches.iter().filter(holds).filter(|s| s.grant.is_some());
    windows.min_by_key(|s| (s.begin, s.grant)).and_then(|s| s.grant)
}
