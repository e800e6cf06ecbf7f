//! Ledgers with corrupted cells in every column, and what must become of every row by its own checks.
//!
//! The judgement is made here from the contract and from the very values that are written, not from what
//! the program makes of them.

use super::mould::{self, Form};
use crate::desk::Sheet;
use crate::support::table::{Row, Table};
use arrow::array::{ArrayRef, BinaryArray, Float64Array, StringArray};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers that look random, the same on every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        (1..of.len()).for_each(|last| of.swap(last, self.below(last + 1)));
    }
}

/// Reasons that a row gives by itself, in the order of the contract.
pub const OWN: [&str; 9] = [
    "void_record",
    "null_required",
    "bad_value",
    "unknown_insutype",
    "unknown_med_type",
    "unknown_identity",
    "negative_amount",
    "scope_exceeds_fee",
    "payments_exceed_fee",
];

/// Money columns of the ledger.
pub const MONEY: [&str; 15] = [
    "medfee_sumamt",
    "inscp_scp_amt",
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifdm_pay",
    "oth_pay",
    "hifmi_pay",
    "hifob_pay",
    "maf_pay",
    "ext_comp_amt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "disease_limit",
];

/// What stands in a cell, as the contract reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    None,
    /// An amount in fen; for other columns, any value that can be read.
    Good(i128),
    Bad,
    /// A time before the year 1.
    Past,
}

/// What is known of a row that was written.
#[derive(Clone, Debug)]
pub struct Truth {
    pub file: usize,
    /// From 1.
    pub row: usize,
    pub psn_no: String,
    pub setl_id: String,
    pub money: BTreeMap<&'static str, Cell>,
    /// By number of [`OWN`].
    reasons: u16,
    care: Cell,
    med_type: Cell,
    refund: bool,
}

impl Truth {
    fn gives(&mut self, reason: &str) {
        self.reasons |= 1 << OWN.iter().position(|r| *r == reason).expect("a reason of the contract");
    }

    /// The first reason why the row fails by itself.
    pub fn reason(&self) -> Option<&'static str> {
        OWN.get(self.reasons.trailing_zeros() as usize).copied()
    }

    /// An amount, nought where there is none.
    pub fn fen(&self, column: &str) -> i128 {
        match self.money.get(column) {
            Some(Cell::Good(fen)) => *fen,
            _ => 0,
        }
    }

    /// Basic insurance with its supplements.
    pub fn basic(&self) -> i128 {
        ["hifp_pay", "cvlserv_pay", "hifes_pay", "hifdm_pay", "oth_pay"].iter().map(|c| self.fen(c)).sum()
    }

    fn compare(&mut self) {
        match (self.care, self.med_type) {
            (Cell::Bad, _) | (Cell::None, Cell::Bad) => self.gives("unknown_med_type"),
            (Cell::None, Cell::None) => self.gives("null_required"),
            _ => {}
        }
        let needed = ["medfee_sumamt", "inscp_scp_amt", "hifp_pay"];
        if needed.iter().any(|c| self.money.get(c).is_none_or(|cell| *cell == Cell::None)) {
            self.gives("null_required");
        }
        if self.money.values().any(|cell| *cell == Cell::Bad) {
            self.gives("bad_value");
        }
        let fee = self.fen("medfee_sumamt");
        if self.refund && fee < 0 {
            return;
        }
        if self.money.values().any(|cell| matches!(cell, Cell::Good(..0))) {
            self.gives("negative_amount");
        }
        if self.fen("inscp_scp_amt") > fee {
            self.gives("scope_exceeds_fee");
        }
        if self.basic() + self.fen("ext_comp_amt") > fee {
            self.gives("payments_exceed_fee");
        }
    }
}

/// How a ledger is corrupted.
#[derive(Clone, Copy, Debug)]
pub struct Soil {
    pub seed: u64,
    /// One cell in so many is corrupted.
    pub one_in: usize,
    /// Ids are integers, not text.
    pub numbered: bool,
    /// Persons keep their order: nobody's id becomes another.
    pub ordered: bool,
    /// Dates reach to the end of the calendar: under a policy without an end, every year needs its parameters.
    pub far: bool,
    /// Now and then an id or a code is ten megabytes long.
    pub long: bool,
}

/// One file of a ledger: its columns, and the truth of its rows; how many cells were corrupted.
pub fn file(soil: Soil, number: usize, base: &Table, rows: &[Row]) -> (Sheet, Vec<Truth>, usize) {
    let mut dice = Dice::new(soil.seed.wrapping_mul(1_000).wrapping_add(number as u64));
    let blank = |row: usize| Truth {
        file: number,
        row: row + 1,
        psn_no: String::new(),
        setl_id: String::new(),
        money: BTreeMap::new(),
        reasons: 0,
        care: Cell::None,
        med_type: Cell::None,
        refund: false,
    };
    let mut truths: Vec<Truth> = (0..rows.len()).map(blank).collect();
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    let mut corrupted = 0;
    let mut names: Vec<&String> = base.columns.iter().collect();
    dice.shuffle(&mut names);
    for name in names {
        // A column that need not be there is not in every file.
        let needed = ["psn_no", "setl_id", "setl_time", "insutype", "med_type"].contains(&name.as_str())
            || MONEY[..3].contains(&name.as_str());
        if !needed && dice.one_in(7) {
            continue;
        }
        let cells: Vec<Option<&str>> = rows.iter().map(|r| r.get(name).map(String::as_str)).collect();
        let form = Form::of(name, soil, &mut dice);
        let made = mould::column(form, name, &cells, soil, &mut dice);
        corrupted += made.corrupted;
        for (row, (truth, (cell, text))) in truths.iter_mut().zip(made.cells.iter().zip(made.texts)).enumerate() {
            note(truth, name, *cell, text);
            debug_assert_eq!(truth.row, row + 1);
        }
        columns.push((header(name, &mut dice), made.array));
    }
    columns.extend(unknown(rows.len(), soil, &mut dice));
    truths.iter_mut().for_each(Truth::compare);
    let sheet = columns.into_iter().fold(Sheet::blank(), |sheet, (name, column)| sheet.add(&name, column));
    (sheet, truths, corrupted)
}

fn note(truth: &mut Truth, name: &str, cell: Cell, text: String) {
    if let Some(column) = MONEY.iter().find(|m| **m == name) {
        truth.money.insert(column, cell);
        return;
    }
    match (name, cell) {
        ("care", cell) => truth.care = cell,
        ("med_type", cell) => truth.med_type = cell,
        ("psn_no" | "setl_id" | "setl_time" | "insutype", Cell::None) => truth.gives("null_required"),
        ("insutype", Cell::Bad) => truth.gives("unknown_insutype"),
        ("vali_flag", Cell::Bad) => truth.gives("void_record"),
        (_, Cell::Bad | Cell::Past) => truth.gives("bad_value"),
        ("psn_no", _) => truth.psn_no = text,
        ("setl_id", _) => truth.setl_id = text,
        ("refd_setl_flag", Cell::Good(flag)) => truth.refund = flag == 1,
        _ => {}
    }
}

/// A header as platforms write it.
fn header(name: &str, dice: &mut Dice) -> String {
    let theirs = match name {
        "inscp_scp_amt" => "inscp_amt",
        "oth_pay" => "othfund_pay",
        "mdtrtarea_admvs" => "fixmedins_poolarea",
        "dise_codg" => "dise_no",
        other => other,
    };
    match dice.below(5) {
        0 => name.to_uppercase(),
        1 => format!(" {name}\t"),
        2 => theirs.to_owned(),
        _ => name.to_owned(),
    }
}

/// Columns that nobody knows, of any content; two of them of one name.
fn unknown(rows: usize, soil: Soil, dice: &mut Dice) -> Vec<(String, ArrayRef)> {
    let bytes: Vec<&[u8]> = (0..rows).map(|_| dice.pick(&[&b"\xff\xfe\x00"[..], b"", b"\xc3\x28"])).collect();
    let floats: Vec<f64> = (0..rows).map(|_| dice.pick(&[f64::NAN, f64::INFINITY, -0.0, f64::MAX])).collect();
    let long = "长".repeat(if soil.long { 3_400_000 } else { 1 });
    let texts: Vec<&str> = (0..rows).map(|row| if row == rows / 2 { long.as_str() } else { "\0\u{200b}" }).collect();
    let column = |name: &str, array: ArrayRef| (name.to_owned(), array);
    vec![
        column("备注", Arc::new(StringArray::from(texts))),
        column("raw", Arc::new(BinaryArray::from(bytes))),
        column("RAW", Arc::new(Float64Array::from(floats.clone()))),
        column("raw", Arc::new(Float64Array::from(floats))),
    ]
}
