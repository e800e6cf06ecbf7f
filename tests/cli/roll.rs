//! Rosters with corrupted cells, and what must become of every row by itself.

use super::mould::{self, Form};
use super::soil::{Cell, Dice, Soil};
use crate::desk::Sheet;
use crate::support::table::{Row, Table};

/// What is known of a roster row: the first reason why it is rejected, whoever else is on the roster.
pub fn file(soil: Soil, base: &Table, rows: &[Row]) -> (Sheet, Vec<Option<&'static str>>, usize) {
    let mut dice = Dice::new(soil.seed + 77);
    let mut cells: Vec<[Cell; 6]> = vec![[Cell::None; 6]; rows.len()];
    let mut codes: Vec<[String; 2]> = vec![Default::default(); rows.len()];
    let (mut sheet, mut corrupted) = (Sheet::blank(), 0);
    let names = ["psn_no", "identity", "begndate", "enddate", "applied_on", "treated_as"];
    for (number, name) in names.into_iter().enumerate().filter(|(_, name)| base.columns.iter().any(|c| c == name)) {
        let given: Vec<Option<&str>> = rows.iter().map(|r| r.get(name).map(String::as_str)).collect();
        let made = mould::column(Form::of(name, soil, &mut dice), name, &given, soil, &mut dice);
        corrupted += made.corrupted;
        for (row, (cell, text)) in made.cells.iter().zip(made.texts).enumerate() {
            cells[row][number] = *cell;
            match name {
                "identity" => codes[row][0] = text,
                "treated_as" => codes[row][1] = text,
                _ => {}
            }
        }
        sheet = sheet.add(name, made.array);
    }
    let reasons = cells.iter().zip(&codes).map(|(cells, codes)| reason(cells, codes)).collect();
    (sheet, reasons, corrupted)
}

fn reason([psn_no, identity, begin, end, applied, treated]: &[Cell; 6], codes: &[String; 2]) -> Option<&'static str> {
    let other = codes[0] == "other_hardship";
    if [psn_no, identity, begin].contains(&&Cell::None) {
        return Some("null_required");
    }
    if *identity == Cell::Bad || (other && *treated == Cell::Bad) {
        return Some("unknown_identity");
    }
    let Cell::Good(begin) = *begin else { return Some("bad_period") };
    let ends_before = match *end {
        Cell::Good(end) => end < begin,
        Cell::Past => true,
        _ => false,
    };
    if ends_before {
        return Some("bad_period");
    }
    // As whom it counts, under the one policy with identities on application.
    let whose = if other && *treated != Cell::None { &codes[1] } else { &codes[0] };
    let granted = ["illness_poor", "2306", "7110"].contains(&whose.as_str());
    match *applied {
        Cell::None if granted => Some("application_date_missing"),
        Cell::Bad | Cell::Past if granted => Some("bad_period"),
        _ => None,
    }
}
