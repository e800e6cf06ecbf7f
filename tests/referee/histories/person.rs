//! A person's years in time order: runs by identity, conditions on the year, alerts, yearly sums.

use super::claim::Desk;
use super::counts::{Standing, deciding_day, standings};
use super::history::History;
use super::holds::stretches;
use super::outcome::{Books, Live, Outcome};
use super::schedule::NOUGHT;
use super::town::{Book, Town, is_one_of};
use onestop::model::codes::{Channel, Identity};
use onestop::model::date;
use onestop::policy::document::{Measure, Who};
use onestop::settle::claims::Claim;
use onestop::settle::outcome::{MONEY, Money};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// An alert that is raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Number of the row.
    pub row: usize,
    /// The benefit year.
    pub year: i32,
    /// Its name.
    pub alert: String,
    /// Where it stands.
    pub clause: String,
    /// The threshold.
    pub threshold: Decimal,
    /// What had accumulated.
    pub accumulated: Decimal,
}

/// A person's charge year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonYear {
    /// The year.
    pub charge_year: i32,
    /// Identities in force on its claims, in the policy's order.
    pub identities: Vec<Identity>,
    /// The identity preferred in the benefit year of that number.
    pub preferred: Option<Identity>,
    /// Sums of the settlement.
    pub money: [Decimal; MONEY],
    /// `payable_ma` by channel.
    pub payable: [Decimal; 3],
    /// Totals of the runs not taken.
    pub not_taken: Option<String>,
}

/// All that is to be said of a person.
#[derive(Debug)]
pub struct Person {
    /// Rows in time order.
    pub order: Vec<usize>,
    /// What becomes of each row.
    pub standing: Vec<Standing>,
    /// What rows that count come to.
    pub outcomes: BTreeMap<usize, Outcome>,
    /// Charge years.
    pub years: Vec<PersonYear>,
    /// Alerts, in time order.
    pub alerts: Vec<Alert>,
}

/// One run of a year.
struct Run {
    preferred: Option<Identity>,
    outcomes: Vec<Outcome>,
    books: Books,
    total: Decimal,
}

/// Settles a person.
pub fn settle(town: &Town, history: &History) -> Person {
    let (order, standing) = standings(town, history);
    let counted = order.iter().copied().filter(|row| standing[*row] == Standing::Counts);
    let roster: Option<Vec<_>> =
        history.roster.as_ref().map(|roster| stretches(town, roster).into_iter().filter_map(Result::ok).collect());
    let live = counted.map(|number| {
        let row = &history.rows[number];
        let claim = Claim { day: deciding_day(town, row), ..row.claim };
        match &roster {
            Some(stretches) => Live::on_roster(town, number, claim, stretches),
            None => Live::certified(town, number, claim, row.identity),
        }
    });
    let mut of_year: BTreeMap<i32, Vec<Live>> = BTreeMap::new();
    live.for_each(|l| of_year.entry(date::year_of(l.claim.day)).or_default().push(l));

    let (mut outcomes, mut alerts, mut chosen) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    let mut grants = BTreeMap::new();
    let mut held_on: BTreeMap<usize, Vec<Identity>> = BTreeMap::new();
    for (year, claims) in &of_year {
        let (kept, not_taken) = best(town, *year, claims, &grants);
        alerts.extend(alerts_of(town, *year, claims, &kept.outcomes));
        chosen.insert(*year, (kept.preferred, not_taken));
        grants = kept.books.grants;
        held_on.extend(claims.iter().map(|l| (l.row, l.held.clone())));
        outcomes.extend(claims.iter().map(|l| l.row).zip(kept.outcomes));
    }
    let years = years_of(town, &outcomes, &held_on, &chosen);
    Person { order, standing, outcomes, years, alerts }
}

/// The run that pays most (R5), and the totals of the others.
fn best(town: &Town, year: i32, claims: &[Live], grants: &BTreeMap<i32, Book>) -> (Run, Option<String>) {
    let held: BTreeSet<usize> = claims.iter().flat_map(|l| &l.held).map(|i| town.place(*i)).collect();
    let candidates: Vec<Option<Identity>> = match held.is_empty() {
        true => vec![None],
        false => held.into_iter().map(|place| Some(town.order[place])).collect(),
    };
    let mut runs: Vec<Run> = candidates.into_iter().map(|p| run(town, year, claims, grants, p)).collect();
    let most = runs.iter().map(|r| r.total).max().unwrap_or(NOUGHT);
    let first = runs.iter().position(|r| r.total == most).expect("there is a run");
    let kept = runs.remove(first);
    let text = |r: &Run| {
        let mut total = r.total;
        total.rescale(2);
        format!("{}={total}", r.preferred.expect("others are preferred").as_str())
    };
    let others: Vec<String> = runs.iter().map(text).collect();
    (kept, (!others.is_empty()).then(|| others.join("; ")))
}

/// One run: a condition on the whole year is looked at first (R3).
fn run(town: &Town, year: i32, claims: &[Live], grants: &BTreeMap<i32, Book>, preferred: Option<Identity>) -> Run {
    let rules = town.year(year).expect("rules of the year");
    let pass = |again: bool| {
        let desk = Desk { town, rules, preferred, again, audited: true };
        let mut books = Books { year: Book::new(town), grants: grants.clone() };
        let outcomes: Vec<Outcome> = claims.iter().map(|live| desk.settle(live, &mut books)).collect();
        let total = outcomes.iter().map(Outcome::total).sum();
        Run { preferred, outcomes, books, total }
    };
    if !rules.again.as_ref().is_some_and(|l| l.conditions.cap_reached) {
        return pass(true);
    }
    let without = pass(false);
    if without.outcomes.iter().any(|o| o.at_limit) { pass(true) } else { without }
}

/// Each alert of a year once, at the first claim after which its threshold is exceeded.
fn alerts_of(town: &Town, year: i32, claims: &[Live], outcomes: &[Outcome]) -> Vec<Alert> {
    let rules = town.year(year).expect("rules of the year");
    let docs = &town.doc.alert;
    let concerns = |number: usize, held: &[Identity]| {
        let named = |list: &[Identity]| held.iter().any(|i| is_one_of(*i, list));
        match docs[number].who {
            None => named(&docs[number].identities),
            Some(Who::NoIdentity) => held.is_empty(),
            Some(Who::AnyIdentity) => !held.is_empty(),
            Some(Who::EverybodyElse) => !docs.iter().any(|d| named(&d.identities)),
        }
    };
    let measured = |measure: Measure, o: &Outcome| match measure {
        Measure::AfterInsurance => o.get(Money::BurdenAfterCii),
        Measure::AfterAssistance => {
            (o.get(Money::BurdenAfterCii) - o.get(Money::MaPay) - o.get(Money::RaPay)).max(NOUGHT)
        }
        Measure::TotalAfterInsurance => {
            let paid = o.get(Money::BasicPay) + o.get(Money::CiiPay) + o.get(Money::SpecialDrugPay);
            o.get(Money::MedfeeSumamt) - paid
        }
        Measure::TotalAfterAssistance => o.get(Money::PsnBurden),
    };
    let mut raised: Vec<Alert> = Vec::new();
    for (n, live) in claims.iter().enumerate() {
        for alert in &rules.alerts {
            let doc = &docs[alert.number];
            let accumulated: Decimal = outcomes[..=n].iter().map(|o| measured(doc.measure, o)).sum();
            let already = raised.iter().any(|a| a.alert == doc.id);
            if !already && concerns(alert.number, &live.held) && accumulated > alert.threshold {
                let (alert_name, clause) = (doc.id.clone(), doc.clause.clone());
                let threshold = alert.threshold;
                raised.push(Alert { row: live.row, year, alert: alert_name, clause, threshold, accumulated });
            }
        }
    }
    raised
}

fn years_of(
    town: &Town,
    outcomes: &BTreeMap<usize, Outcome>,
    held_on: &BTreeMap<usize, Vec<Identity>>,
    chosen: &BTreeMap<i32, (Option<Identity>, Option<String>)>,
) -> Vec<PersonYear> {
    let charged: BTreeSet<i32> = outcomes.values().map(|o| o.charge_year).collect();
    let year = |charge_year: i32| {
        let of_year = || outcomes.iter().filter(move |(_, o)| o.charge_year == charge_year);
        let held: BTreeSet<usize> = of_year().flat_map(|(row, _)| &held_on[row]).map(|i| town.place(*i)).collect();
        let mut money = [NOUGHT; MONEY];
        let mut payable = [NOUGHT; 3];
        for (_, outcome) in of_year() {
            money.iter_mut().zip(outcome.money).for_each(|(sum, amount)| *sum += amount);
            if let Some(channel) = outcome.channel {
                let place =
                    [Channel::Instant, Channel::YearEnd, Channel::Application].iter().position(|c| *c == channel);
                payable[place.expect("a channel")] += outcome.get(Money::PayableMa);
            }
        }
        let (preferred, not_taken) = chosen.get(&charge_year).cloned().unwrap_or((None, None));
        let identities = held.into_iter().map(|place| town.order[place]).collect();
        PersonYear { charge_year, identities, preferred, money, payable, not_taken }
    };
    charged.into_iter().map(year).collect()
}
