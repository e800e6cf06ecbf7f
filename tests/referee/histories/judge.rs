//! The program's answer against the referee's, value by value.

use super::counts::Standing;
use super::history::History;
use super::kernel::Answer;
use super::outcome::{Line, Outcome};
use super::person::Person;
use super::schedule::yuan;
use super::town::Town;
use onestop::model::codes::{Channel, Identity, Status};
use onestop::model::date;
use onestop::policy::tables::NO_RANK;
use onestop::settle::outcome::{Entry, MONEY_NAMES, NO_POOL};
use rust_decimal::Decimal;
use std::fmt::Debug;

/// The first difference between the two, in words.
pub fn judge(town: &Town, history: &History, person: &Person, answer: &Answer) -> Result<(), String> {
    refusals(person, answer)?;
    settlement(town, history, person, answer)?;
    audit(town, person, answer)?;
    persons(town, person, answer)?;
    alerts(town, person, answer)
}

fn same<T: PartialEq + Debug>(what: impl Fn() -> String, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{}: found {found:?}, expected {expected:?}", what())) }
}

fn identity_at(town: &Town, rank: u8) -> Option<Identity> {
    (rank != NO_RANK).then(|| town.tables.identity_at[usize::from(rank)])
}

fn refusals(person: &Person, answer: &Answer) -> Result<(), String> {
    let mut found = answer.refused.clone();
    found.sort_unstable();
    let rejected = |(row, standing): (usize, &Standing)| match standing {
        Standing::Rejected(reason) => Some((row, *reason)),
        _ => None,
    };
    same(|| "rejects".to_owned(), found, person.standing.iter().enumerate().filter_map(rejected).collect())
}

fn settlement(town: &Town, history: &History, person: &Person, answer: &Answer) -> Result<(), String> {
    let columns = &answer.sink.settlement;
    let found: Vec<usize> = columns.row.iter().map(|row| answer.numbers[*row as usize]).collect();
    let accepted = person.order.iter().copied().filter(|r| !matches!(person.standing[*r], Standing::Rejected(_)));
    same(|| "rows of the settlement, in order".to_owned(), found.clone(), accepted.collect())?;
    for (place, row) in found.into_iter().enumerate() {
        let day = super::counts::deciding_day(town, &history.rows[row]);
        let year = date::year_of(day);
        same(|| format!("benefit year of row {row}"), columns.benefit_year[place], year)?;
        let money = |n: usize| yuan(columns.money[n][place]);
        let Some(outcome) = person.outcomes.get(&row) else {
            same(|| format!("status of row {row}"), columns.status[place], Status::Reversed)?;
            same(|| format!("charge year of reversed row {row}"), columns.charge_year[place], year)?;
            for (n, name) in MONEY_NAMES.iter().enumerate() {
                same(|| format!("{name} of reversed row {row}"), money(n), Decimal::ZERO)?;
            }
            let rest = (columns.reason[place], columns.channel[place], columns.notes[place], columns.identity[place]);
            same(|| format!("reversed row {row}"), rest, (None, None, 0, NO_RANK))?;
            continue;
        };
        for (n, name) in MONEY_NAMES.iter().enumerate() {
            same(|| format!("{name} of row {row}"), money(n), outcome.money[n])?;
        }
        let status = if outcome.reason.is_none() { Status::Settled } else { Status::OutOfScope };
        same(|| format!("status of row {row}"), columns.status[place], status)?;
        same(|| format!("reason of row {row}"), columns.reason[place], outcome.reason)?;
        same(|| format!("charge year of row {row}"), columns.charge_year[place], outcome.charge_year)?;
        same(|| format!("identity of row {row}"), identity_at(town, columns.identity[place]), outcome.identity)?;
        same(|| format!("channel of row {row}"), columns.channel[place], outcome.channel)?;
        let set = |n: &usize| columns.notes[place] & (1 << n) != 0;
        let notes: Vec<String> = (0..8).filter(set).map(|n| town.tables.notes[n].clone()).collect();
        same(|| format!("notes of row {row}"), &notes, &outcome.notes)?;
    }
    Ok(())
}

fn audit(town: &Town, person: &Person, answer: &Answer) -> Result<(), String> {
    let audit = &answer.sink.audit;
    let mut entries = audit.row.iter().zip(&audit.step).zip(&audit.entry);
    for row in person.order.iter().filter(|r| person.outcomes.contains_key(r)) {
        let outcome: &Outcome = &person.outcomes[row];
        for (n, line) in outcome.audit.iter().enumerate() {
            let what = || format!("audit of row {row}, step {}", n + 1);
            let Some(((found, step), entry)) = entries.next() else {
                return Err(format!("{}: none, expected {line:?}", what()));
            };
            same(what, (answer.numbers[*found as usize], *step), (*row, n as i32 + 1))?;
            let found = read(town, entry);
            let clause = line.clause.as_ref().and(found.clause.clone());
            same(what, &Line { clause, ..found }, line)?;
        }
    }
    match entries.next() {
        Some(((row, step), entry)) => {
            Err(format!("audit of row {}, step {step}: {entry:?} is too much", answer.numbers[*row as usize]))
        }
        None => Ok(()),
    }
}

/// An entry of the audit as the referee writes it.
fn read(town: &Town, entry: &Entry) -> Line {
    let cite = &town.tables.cites[usize::from(entry.cite)];
    let pool = (entry.pool != NO_POOL).then(|| &town.tables.pools[usize::from(entry.pool)]);
    Line {
        layer: entry.layer,
        identity: identity_at(town, entry.identity),
        rule: cite.rule.clone(),
        clause: Some(cite.clause.clone()),
        pool: pool.map(|name| town.accounts.iter().position(|a| a == name).expect("a pool of the policy")),
        base: yuan(entry.base),
        band: entry.band.map(|b| [b.from, b.to, b.lo].map(yuan)),
        ratio: entry.ratio_ppm.map(|ppm| Decimal::new(ppm, 6)),
        gross: yuan(entry.gross),
        cap: entry.cap.map(yuan),
        used: yuan(entry.cap_used),
        paid: yuan(entry.paid),
    }
}

fn persons(town: &Town, person: &Person, answer: &Answer) -> Result<(), String> {
    let found = &answer.sink.persons;
    let charged: Vec<i32> = found.year.iter().map(|y| y.charge_year).collect();
    same(|| "charge years".to_owned(), charged, person.years.iter().map(|y| y.charge_year).collect())?;
    for ((found, not_taken), expected) in found.year.iter().zip(&found.runs_not_taken).zip(&person.years) {
        let year = expected.charge_year;
        let held: Vec<Identity> =
            (0..Identity::COUNT).filter(|r| found.held & (1 << r) != 0).map(|r| town.tables.identity_at[r]).collect();
        same(|| format!("identities of {year}"), &held, &expected.identities)?;
        same(|| format!("identity preferred of {year}"), identity_at(town, found.preferred), expected.preferred)?;
        same(|| format!("runs not taken of {year}"), not_taken, &expected.not_taken)?;
        for (n, name) in MONEY_NAMES.iter().enumerate() {
            same(|| format!("{name} of {year}"), yuan(found.money[n]), expected.money[n])?;
        }
        for (n, channel) in [Channel::Instant, Channel::YearEnd, Channel::Application].into_iter().enumerate() {
            let place = channel.index();
            same(|| format!("payable of {year}, {channel}"), yuan(found.payable[place]), expected.payable[n])?;
        }
    }
    Ok(())
}

fn alerts(town: &Town, person: &Person, answer: &Answer) -> Result<(), String> {
    let read = |a: &onestop::settle::sink::AlertRow| {
        let cite = &town.tables.cites[usize::from(a.cite)];
        super::person::Alert {
            row: answer.numbers[a.row as usize],
            year: a.year,
            alert: town.tables.alerts[usize::from(a.alert)].clone(),
            clause: cite.clause.clone(),
            threshold: yuan(a.threshold),
            accumulated: yuan(a.accumulated),
        }
    };
    same(|| "alerts".to_owned(), answer.sink.alerts.iter().map(read).collect(), person.alerts.clone())
}
