//! A person's year settled again in other orders, by the same kernel.

use super::OrderRow;
use super::proof::Causes;
use crate::policy::tables::Tables;
use crate::settle::claims::Claims;
use crate::settle::holdings::Holdings;
use crate::settle::outcome::LAYERS;
use crate::settle::sink::Sink;
use crate::settle::year::Live;
use crate::settle::{Accepted, Scratch, settle_person};

/// Up to so many claims a year, every order is tried: 720 of them.
pub const COMPLETE: usize = 6;
/// Beyond, claims up to this one are tried first, last, and swapped with the next.
pub const MOVED: usize = 48;

/// An order of the year's claims. Those of them that are put in order are numbered by time, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they are.
    Time,
    /// One of all orders: the claims' numbers, as many as there are claims.
    Permutation([u8; COMPLETE]),
    /// The latest first.
    Reversed,
    /// The smallest burden after basic insurance first.
    SmallestFirst,
    /// The largest first.
    LargestFirst,
    /// This claim before all others.
    First(u32),
    /// This claim after all others.
    Last(u32),
    /// This claim after the next.
    Swapped(u32),
}

impl Order {
    /// In words, for the output.
    pub fn text(self) -> String {
        match self {
            Order::Time => "in time order".to_owned(),
            Order::Permutation(numbers) => {
                let numbers: Vec<String> = numbers.iter().take_while(|n| **n != 0).map(u8::to_string).collect();
                numbers.join(" ")
            }
            Order::Reversed => "reversed".to_owned(),
            Order::SmallestFirst => "smallest burden first".to_owned(),
            Order::LargestFirst => "largest burden first".to_owned(),
            Order::First(n) => format!("{n} first"),
            Order::Last(n) => format!("{n} last"),
            Order::Swapped(n) => format!("{n} and {} swapped", n + 1),
        }
    }

    /// Puts the claims' numbers (from 0) into this order.
    fn put(self, burden: &[i64], order: &mut Vec<usize>) {
        order.clear();
        order.extend(0..burden.len());
        match self {
            Order::Time => {}
            Order::Permutation(numbers) => {
                order.iter_mut().zip(numbers).for_each(|(place, n)| *place = usize::from(n.max(1)) - 1);
            }
            Order::Reversed => order.reverse(),
            // Stable sorts: equal burdens stay in time order.
            Order::SmallestFirst => order.sort_by_key(|n| burden[*n]),
            Order::LargestFirst => order.sort_by_key(|n| std::cmp::Reverse(burden[*n])),
            Order::First(n) => order[..n as usize].rotate_right(1),
            Order::Last(n) => order[n as usize - 1..].rotate_left(1),
            Order::Swapped(n) => order.swap(n as usize - 1, n as usize),
        }
    }
}

/// The orders that are tried of so many claims, that of time left out; and whether they are all.
pub fn orders(claims: usize) -> (Vec<Order>, bool) {
    if claims <= COMPLETE {
        let mut numbers: Vec<u8> = (1..=claims as u8).collect();
        let mut all = Vec::new();
        while next_permutation(&mut numbers) {
            let mut order = [0; COMPLETE];
            order[..claims].copy_from_slice(&numbers);
            all.push(Order::Permutation(order));
        }
        return (all, true);
    }
    let moved = 1..=claims.min(MOVED) as u32;
    let some = [Order::Reversed, Order::SmallestFirst, Order::LargestFirst].into_iter();
    let first = moved.clone().skip(1).map(Order::First);
    let last = moved.clone().filter(|n| (*n as usize) < claims).map(Order::Last);
    let swapped = moved.filter(|n| (*n as usize) < claims).map(Order::Swapped);
    (some.chain(first).chain(last).chain(swapped).collect(), false)
}

/// The next order in the dictionary's sense; whether there was one.
fn next_permutation(numbers: &mut [u8]) -> bool {
    let Some(at) = numbers.windows(2).rposition(|w| w[0] < w[1]) else { return false };
    let with = numbers.iter().rposition(|n| *n > numbers[at]).unwrap_or(at);
    numbers.swap(at, with);
    numbers[at + 1..].reverse();
    true
}

/// A person's year, as the kernel gets the person.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// Benefit year.
    pub year: i32,
    /// The columns.
    pub claims: &'a Claims<'a>,
    /// The person's claims, in time order.
    pub accepted: &'a [Accepted],
    /// Those of the year whose order is changed, in time order.
    pub live: &'a [Live],
    /// Identities.
    pub holdings: Holdings<'a>,
}

/// Settles persons in other orders; its memory is used again from person to person.
pub struct Trial<'a> {
    tables: &'a Tables,
    sink: Sink,
    accepted: Vec<Accepted>,
    burden: Vec<i64>,
    order: Vec<usize>,
}

impl<'a> Trial<'a> {
    /// One for a policy.
    pub fn new(tables: &'a Tables) -> Self {
        let sink = Sink::new(tables, None, false);
        Self { tables, sink, accepted: Vec::new(), burden: Vec::new(), order: Vec::new() }
    }

    /// Tries a year of a person.
    pub fn year(&mut self, case: Case<'_>, scratch: &mut Scratch) -> OrderRow {
        let Case { year, claims, live, .. } = case;
        self.burden.clear();
        self.burden.extend(live.iter().map(|l| {
            let claim = claims.get(l.row as usize);
            (claim.scope - claim.basic).max(0)
        }));
        let mut total = |order: Order| self.total(order, case, scratch);
        let in_time = total(Order::Time);
        let (orders, complete) = orders(live.len());
        let mut row = OrderRow {
            row: live.first().map_or(0, |l| l.row),
            policy: 0,
            year,
            claims: live.len() as u32,
            ordered: live.len() as u32,
            total: in_time,
            least: (in_time, Order::Time),
            greatest: (in_time, Order::Time),
            tried: orders.len() as u32,
            complete,
            causes: Causes::default(),
        };
        for order in orders {
            let found = total(order);
            // The first order that gives a figure is told.
            if found < row.least.0 {
                row.least = (found, order);
            }
            if found > row.greatest.0 {
                row.greatest = (found, order);
            }
        }
        row
    }

    /// What the layers pay on the year's claims in an order.
    fn total(&mut self, order: Order, case: Case<'_>, scratch: &mut Scratch) -> i64 {
        let Case { year, claims, accepted, live, holdings } = case;
        order.put(&self.burden, &mut self.order);
        self.accepted.clear();
        self.accepted.extend_from_slice(accepted);
        for (place, number) in live.iter().zip(&self.order) {
            self.accepted[place.position as usize] = accepted[live[*number].position as usize];
        }
        self.sink.clear();
        settle_person(self.tables, claims, &self.accepted, holdings, scratch, &mut self.sink);
        let rows = &self.sink.settlement;
        let paid = |row: usize| LAYERS.iter().map(|column| rows.money[*column as usize][row]).sum::<i64>();
        let of_year = rows.benefit_year.iter().enumerate().filter(|(_, y)| **y == year);
        of_year.map(|(row, _)| paid(row)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all_of(claims: usize) -> Vec<Vec<usize>> {
        let burden: Vec<i64> = (0..claims as i64).map(|n| (n * 7) % 5).collect();
        let mut places = Vec::new();
        let put = |order: Order| {
            order.put(&burden, &mut places);
            places.clone()
        };
        orders(claims).0.into_iter().map(put).collect()
    }

    #[test]
    fn few_claims_are_tried_in_every_order_and_each_once() {
        for (claims, expected) in [(2, 2), (3, 6), (4, 24), (5, 120), (6, 720)] {
            let mut seen: BTreeSet<Vec<usize>> = all_of(claims).into_iter().collect();
            assert_eq!(seen.len(), expected - 1);
            assert!(seen.insert((0..claims).collect()), "the order of time is not tried again");
        }
    }

    #[test]
    fn many_claims_are_tried_in_orders_of_all_of_them() {
        for claims in [7, 47, 48, 49, 200] {
            for order in all_of(claims) {
                let sorted: BTreeSet<usize> = order.iter().copied().collect();
                assert_eq!(sorted.len(), claims);
            }
        }
        let burden = [0; 6];
        let put = |order: Order| {
            let mut places = Vec::new();
            order.put(&burden, &mut places);
            places
        };
        assert_eq!(put(Order::First(3)), [2, 0, 1, 3, 4, 5]);
        assert_eq!(put(Order::Last(3)), [0, 1, 3, 4, 5, 2]);
        assert_eq!(put(Order::Swapped(3)), [0, 1, 3, 2, 4, 5]);
        assert_eq!(Order::Swapped(3).text(), "3 and 4 swapped");
        assert_eq!(Order::Permutation([2, 1, 3, 0, 0, 0]).text(), "2 1 3");
    }
}
