//! The policies of a run: whether they go together, and what each needs of the parameters.

use super::error::RunError;
use super::settle::Settle;
use crate::lang::{Both, both};
use crate::model::date::{self, OPEN_END};
use crate::policy::Policy;
use crate::policy::compile::{Compiled, Needs, compile, is_illustrative};
use crate::policy::document::Header;
use crate::policy::error::PolicyError;
use crate::policy::parameters::Used;
use crate::policy::tables::Tables;
use crate::roster::Roster;
use std::collections::BTreeSet;

/// The policies of a run in the order of their dates.
///
/// # Errors
/// No policy; two in force on one day; years by different dates; several with `--as-if`; a year asked
/// for that none reaches.
pub(crate) fn in_order(run: &Settle) -> Result<Vec<&Policy>, RunError> {
    let mut policies: Vec<&Policy> = run.policies.iter().collect();
    policies.sort_by_key(|p| p.doc.policy.from);
    let Some(first) = policies.first() else { return Err(RunError::NoPolicy) };
    if run.as_if && policies.len() > 1 {
        return Err(RunError::AsIfSeveral);
    }
    for pair in policies.windows(2) {
        let [a, b] = [pair[0], pair[1]].map(|p| &p.doc.policy);
        if last_day(a) >= b.from.0 {
            return Err(RunError::PoliciesOverlap {
                first: dated(a).into(),
                second: dated(b).into(),
                from: b.from.to_string(),
                until: shown(last_day(a).min(last_day(b))).into(),
            });
        }
        if pair[1].doc.switches.year_by != first.doc.switches.year_by {
            let [first, second] = [first, pair[1]].map(|p| p.doc.policy.id.clone());
            return Err(RunError::YearsByDifferentDates { first, second });
        }
    }
    check_year(run, &policies)?;
    Ok(policies)
}

fn check_year(run: &Settle, policies: &[&Policy]) -> Result<(), RunError> {
    let Some(year) = run.year.filter(|_| !run.as_if) else { return Ok(()) };
    if policies.iter().any(|p| reaches(&p.doc.policy, year)) {
        return Ok(());
    }
    if let [only] = policies {
        let header = &only.doc.policy;
        let (policy, from, until) = (header.id.clone(), header.from.to_string(), shown(last_day(header)));
        return Err(RunError::YearOutside { year, policy, from, until });
    }
    let policies = Both::list(", ", "、", policies.iter().map(|p| dated(&p.doc.policy)));
    Err(RunError::YearOutsideAll { year, policies })
}

/// The year that `--year` asks for, where the policy reaches it.
pub(crate) fn year_asked_for(run: &Settle, policy: &Policy) -> Vec<i32> {
    run.year.filter(|year| run.as_if || reaches(&policy.doc.policy, *year)).into_iter().collect()
}

fn reaches(header: &Header, year: i32) -> bool {
    (date::year_of(header.from.0)..=date::year_of(last_day(header))).contains(&year)
}

fn last_day(header: &Header) -> i32 {
    header.until.map_or(OPEN_END, |d| d.0)
}

fn shown(day: i32) -> Both {
    if day == OPEN_END { both!("open", "长期") } else { Both::foreign(date::show(day)) }
}

fn dated(header: &Header) -> Both {
    let (Header { id, from, .. }, until) = (header, shown(last_day(header)));
    Both { en: format!("`{id}` ({from} to {})", until.en), zh: format!("`{id}`（{from} 至 {}）", until.zh) }
}

/// Compiles every policy for its years.
///
/// # Errors
/// [`PolicyError`], with the policy where there are several; illustrative values under `--strict`.
pub(crate) fn compile_all(
    run: &Settle,
    policies: &[&Policy],
    years: impl Fn(usize) -> Vec<i32>,
) -> Result<(Vec<Tables>, Vec<Used>), RunError> {
    let needs = Needs { subsidies: run.roster.is_some() };
    let (mut all, mut used_by_all) = (Vec::with_capacity(policies.len()), BTreeSet::new());
    let mut illustrative = Vec::new();
    for (number, policy) in policies.iter().enumerate() {
        let id = &policy.doc.policy.id;
        let told = |source| match source {
            PolicyError::MissingParameter(_) | PolicyError::BadParameter { .. } if policies.len() > 1 => {
                RunError::UnderPolicy { policy: id.clone(), source }
            }
            source => RunError::Policy(source),
        };
        let Compiled { tables, used } = compile(&policy.doc, &run.parameters, &years(number), needs).map_err(told)?;
        let under = if policies.len() > 1 { both!(" (policy {id})", "（政策 {id}）") } else { Both::default() };
        illustrative.extend(used.iter().filter(|u| is_illustrative(u)).map(|u| {
            let (name, year) = (&u.parameter, u.year.map_or(String::new(), |y| format!(" {y}")));
            Both { en: format!("{name}{year}{}", under.en), zh: format!("{name}{year}{}", under.zh) }
        }));
        all.push(tables);
        used_by_all.extend(used);
    }
    if run.strict && !illustrative.is_empty() {
        return Err(RunError::Illustrative { values: Both::list("; ", "；", illustrative) });
    }
    Ok((all, used_by_all.into_iter().collect()))
}

/// Benefit years that a policy has to settle: those of the rows within its dates; with `--year` that
/// one, and the years before where a grant charged to it looks back.
pub(crate) fn years_needed(run: &Settle, tables: &Tables, roster: Option<&Roster>, found: &BTreeSet<i32>) -> Vec<i32> {
    years_within((!run.as_if).then_some((tables.from, tables.until)), run.year, roster, found)
}

/// The same of a policy that covers these days; none: all days.
pub(crate) fn years_within(
    covered: Option<(i32, i32)>,
    only_year: Option<i32>,
    roster: Option<&Roster>,
    found: &BTreeSet<i32>,
) -> Vec<i32> {
    let covered = covered.map(|(from, until)| date::year_of(from)..=date::year_of(until));
    let inside = |y: &i32| covered.as_ref().is_none_or(|years| years.contains(y));
    let wanted = |y: &i32| match only_year {
        None => true,
        Some(year) if *y == year => true,
        Some(year) => roster.is_some_and(|r| r.has_grant_of(year)) && *y < year,
    };
    found.iter().copied().filter(|y| inside(y) && wanted(y)).collect()
}
