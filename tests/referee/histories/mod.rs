//! A whole person's history, worked out once more from the contract: slowly, plainly, in exact decimals.
//!
//! ```text
//!  bytes ─► draw ─► history ─┬─► kernel: sorted, resolved, settled ─► answer ─┐
//!                            └─► person: counts, holds, years, runs, claims ──┴─► judge
//! ```
//!
//! | module | idea |
//! |---|---|
//! | [`dice`], [`draw`], [`bills`], [`aim`] | histories from bytes, amounts at every edge and a fen beside |
//! | [`history`] | rows of a ledger and of a roster |
//! | [`town`], [`schedule`] | a policy's document as the referee reads it |
//! | [`counts`] | duplicates, reversals, policy dates |
//! | [`holds`] | identities in force, grants |
//! | [`claim`], [`covers`], [`outcome`] | one claim through the layers, with its audit |
//! | [`person`] | years, runs by identity, conditions on the year, alerts, sums |
//! | [`kernel`] | the program's own answer |
//! | [`judge`] | the two, value by value |
//! | [`shrink`] | a small history of a large one that they disagree on |
//!
//! The referee shares no arithmetic, no table and no decision with the kernel; it is written from the
//! contract and the rulings. It needs nothing but `onestop` and `rust_decimal`, so that whoever has bytes
//! can include this file and call [`compare`].

pub mod aim;
pub mod bills;
pub mod claim;
pub mod counts;
pub mod covers;
pub mod dice;
pub mod draw;
pub mod history;
pub mod holds;
pub mod judge;
pub mod kernel;
pub mod outcome;
pub mod person;
pub mod schedule;
pub mod shrink;
pub mod town;

use history::History;

/// Compares the program with the referee on the history that some bytes stand for. Any bytes will do.
///
/// # Errors
/// The first difference, and a small history that has it, in words.
pub fn compare(bytes: &[u8]) -> Result<(), String> {
    let (history, _) = draw::history(bytes);
    compare_history(&history).map(drop)
}

/// Compares the two on one history; what the referee made of it.
///
/// # Errors
/// The first difference, and a small history that has it, in words.
pub fn compare_history(history: &History) -> Result<person::Person, String> {
    let name = &town::towns()[history.town].name;
    judged(history).map_err(|_| {
        let small = shrink::shrink(history, |smaller| judged(smaller).is_err());
        let difference = judged(&small).err().unwrap_or_default();
        format!("{name}: {difference}\n{small:#?}")
    })
}

fn judged(history: &History) -> Result<person::Person, String> {
    let town = &town::towns()[history.town];
    let person = person::settle(town, history);
    let answer = kernel::answer(town, history);
    judge::judge(town, history, &person, &answer).map(|()| person)
}
