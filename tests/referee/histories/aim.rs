//! Amounts aimed at a point that the person's history has left open: an edge, a limit, a threshold.

use super::claim::Desk;
use super::dice::Dice;
use super::outcome::{Books, Live};
use super::schedule::Schedule;
use super::town::{Book, Town};
use onestop::model::codes::Identity;
use onestop::model::date;
use onestop::settle::claims::Claim;
use onestop::settle::outcome::Money;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The largest burden that is tried, in fen: beyond every limit of every policy.
const MOST: i64 = 300_000_000;

/// A point that a year can come to.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// The accumulated base comes to an edge.
    Edge(Option<i32>, usize, Decimal),
    /// What was paid comes to the limit.
    Limit(Option<i32>, usize, Decimal),
    /// The burden after insurance comes to an alert's threshold.
    AfterInsurance(Decimal),
    /// The burden after assistance does.
    AfterAssistance(Decimal),
}

/// The history as far as it was laid out, for one order of preference.
#[derive(Debug)]
pub struct Sketch<'a> {
    town: &'a Town,
    /// The identity that is preferred.
    preferred: Option<Identity>,
    year: i32,
    state: State,
    /// Amounts that were aimed.
    pub aimed: usize,
}

#[derive(Clone, Debug)]
struct State {
    books: Books,
    after_insurance: Decimal,
    after_assistance: Decimal,
}

impl<'a> Sketch<'a> {
    /// Nothing laid out yet.
    pub fn new(town: &'a Town, preferred: Option<Identity>) -> Self {
        let (books, nothing) = (Books { year: Book::new(town), grants: BTreeMap::new() }, Decimal::ZERO);
        let state = State { books, after_insurance: nothing, after_assistance: nothing };
        Self { town, preferred, year: i32::MIN, state, aimed: 0 }
    }

    /// The claim with its burden moved to a point, or beside it, where the dice say so; it is entered.
    pub fn lay(&mut self, live: &mut Live, dice: &mut Dice<'_>) {
        let year = date::year_of(live.claim.day);
        let Some(rules) = self.town.year(year) else { return };
        if year != self.year {
            let nothing = Decimal::ZERO;
            let books = Books { year: Book::new(self.town), grants: std::mem::take(&mut self.state.books.grants) };
            self.state = State { books, after_insurance: nothing, after_assistance: nothing };
            self.year = year;
        }
        let desk = Desk { town: self.town, rules, preferred: self.preferred, again: true, audited: false };
        let aims = dice.below(5) < 3;
        let (choice, off) = (usize::from(dice.byte()), dice.beside());
        if aims {
            let mut points = self.points(&desk, live);
            points.retain(|p| !self.state.reached(p));
            if let Some(point) = points.get(choice % points.len().max(1)) {
                let reaches = |burden: i64| {
                    let mut state = self.state.clone();
                    state.enter(&desk, &Live { claim: with_burden(live.claim, burden), ..live.clone() });
                    state.reached(point)
                };
                if let Some(burden) = smallest(reaches) {
                    live.claim = with_burden(live.claim, (burden + off).max(0));
                    self.aimed += 1;
                }
            }
        }
        self.state.enter(&desk, live);
    }

    fn points(&self, desk: &Desk<'_>, live: &Live) -> Vec<Point> {
        let held = &live.held;
        let mut points = Vec::new();
        let mut add = |grant: Option<i32>, schedule: &Schedule| {
            points.extend(schedule.edges().map(|edge| Point::Edge(grant, schedule.base, edge)));
            points.extend(schedule.cap.map(|cap| Point::Limit(grant, schedule.pool, cap)));
        };
        let insurance = [desk.rules.special_drug.as_ref(), desk.rules.catastrophic.as_ref()].into_iter().flatten();
        for layer in insurance.filter(|l| l.covers(&live.claim)) {
            held.iter().filter_map(|i| layer.schedule(Some(*i), &live.claim)).for_each(|s| add(None, s));
            layer.schedule(None, &live.claim).into_iter().for_each(|s| add(None, s));
        }
        for layer in [Some(&desk.rules.assistance), desk.rules.again.as_ref()].into_iter().flatten() {
            if layer.covers(&live.claim) {
                held.iter().filter_map(|i| layer.schedule(Some(*i), &live.claim)).for_each(|s| add(live.grant, s));
            }
        }
        let thresholds = desk.rules.alerts.iter().map(|a| a.threshold);
        points.extend(thresholds.flat_map(|t| [Point::AfterInsurance(t), Point::AfterAssistance(t)]));
        points
    }
}

impl State {
    fn enter(&mut self, desk: &Desk<'_>, live: &Live) {
        let outcome = desk.settle(live, &mut self.books);
        let r1 = outcome.get(Money::BurdenAfterCii);
        self.after_insurance += r1;
        self.after_assistance += (r1 - outcome.get(Money::MaPay) - outcome.get(Money::RaPay)).max(Decimal::ZERO);
    }

    fn reached(&self, point: &Point) -> bool {
        let book = |grant: &Option<i32>| match grant {
            Some(year) => self.books.grants.get(year),
            None => Some(&self.books.year),
        };
        match point {
            Point::Edge(grant, account, edge) => book(grant).is_some_and(|b| b.base(*account) >= *edge),
            Point::Limit(grant, pool, cap) => book(grant).is_some_and(|b| b.paid(*pool) >= *cap),
            Point::AfterInsurance(threshold) => self.after_insurance >= *threshold,
            Point::AfterAssistance(threshold) => self.after_assistance >= *threshold,
        }
    }
}

/// The same claim with another burden after basic insurance, and as much out of scope as before.
pub fn with_burden(claim: Claim, burden: i64) -> Claim {
    let scope = claim.basic + burden;
    let outside = claim.fee - claim.scope.max(claim.basic);
    Claim { scope, fee: scope + outside, ext_comp: claim.ext_comp.min(burden + outside), ..claim }
}

/// The smallest amount of fen that will do, if any will: what does stays so above it.
pub fn smallest(will_do: impl Fn(i64) -> bool) -> Option<i64> {
    if !will_do(MOST) {
        return None;
    }
    let (mut short, mut enough) = (-1, MOST);
    while enough - short > 1 {
        let middle = (short + enough) / 2;
        if will_do(middle) { enough = middle } else { short = middle }
    }
    Some(enough)
}
