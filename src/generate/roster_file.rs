//! `roster.parquet`: one row a period of identity, with a sprinkle of faulty ones.

use super::period::Period;
use super::person::Person;
use super::rng::Rng;
use super::sheet::{GROUP_ROWS, Sheet};
use super::{GenerateError, person_number};
use crate::model::codes::Identity;
use crate::output::unfinished::Unfinished;
use arrow::array::{Array, ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the file.
pub const NAME: &str = "roster.parquet";
/// Faulty rows in a million.
const FAULTY: u64 = 3_000;
/// And among grants, which have more to get wrong.
const FAULTY_GRANTS: u64 = 15_000;
/// Rows in a million with a national code in place of the name.
const NATIONAL: u64 = 20_000;
/// Rows in a million that stand there twice.
const TWICE: u64 = 1_000;

/// A row of the roster; `None` is null.
#[derive(Clone, Debug)]
struct Row {
    person: Option<u64>,
    identity: Option<&'static str>,
    begndate: Option<i32>,
    enddate: Option<i32>,
    applied_on: Option<i32>,
    treated_as: Option<Identity>,
}

/// The roster being written.
pub struct RosterFile {
    sheet: Sheet,
    rows: Vec<Row>,
    written: u64,
}

impl RosterFile {
    /// Opens the roster in the folder.
    pub fn create(folder: &Path) -> Result<Self, GenerateError> {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let day = |name: &str| Field::new(name, DataType::Date32, true);
        let fields =
            [text("psn_no"), text("identity"), day("begndate"), day("enddate"), day("applied_on"), text("treated_as")];
        let sheet = Sheet::create(folder, NAME, Schema::new(fields.to_vec()), &["psn_no"])?;
        Ok(RosterFile { sheet, rows: Vec::new(), written: 0 })
    }

    /// Adds the periods of a person.
    pub fn push(&mut self, person: &Person) -> Result<(), GenerateError> {
        let mut rng = Rng::of(person.key, 4);
        for period in &person.periods {
            let mut row = row(&mut rng, person.number, period);
            if rng.chance(TWICE) {
                self.rows.push(row.clone());
            }
            if rng.chance(if period.applied_on.is_some() { FAULTY_GRANTS } else { FAULTY }) {
                self.rows.extend(spoil(&mut rng, &mut row));
            }
            self.rows.push(row);
        }
        if self.rows.len() >= GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and ends the file.
    pub fn finish(&mut self) -> Result<u64, GenerateError> {
        self.flush()?;
        self.sheet.finish()?;
        Ok(self.written)
    }

    /// The finished file, and the name that it is to have.
    pub fn finished(self) -> (Unfinished, PathBuf) {
        self.sheet.finished()
    }

    fn flush(&mut self) -> Result<(), GenerateError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let batch = RecordBatch::try_new(self.sheet.schema(), columns(&self.rows));
        self.written += self.rows.len() as u64;
        self.rows.clear();
        self.sheet.group(batch)
    }
}

fn row(rng: &mut Rng, person: u64, period: &Period) -> Row {
    let national = national_code(period.identity).filter(|_| rng.chance(NATIONAL));
    Row {
        person: Some(person),
        identity: Some(national.unwrap_or(period.identity.as_str())),
        begndate: Some(period.begin),
        enddate: period.end,
        applied_on: period.applied_on,
        treated_as: period.treated_as,
    }
}

/// The national code of an identity, where it has one.
fn national_code(identity: Identity) -> Option<&'static str> {
    match identity {
        Identity::Dibao => Some("2303"),
        Identity::Tekun => Some("2304"),
        Identity::LowIncome => Some("2305"),
        Identity::IllnessPoor => Some("2306"),
        _ => None,
    }
}

/// Makes a row faulty, or adds one that must not stand beside it.
fn spoil(rng: &mut Rng, row: &mut Row) -> Option<Row> {
    match (row.applied_on, rng.below(4)) {
        // A grant without its day, or a second application within a week of the first.
        (Some(_), 0) => row.applied_on = None,
        (Some(applied), 1) => {
            let same_year = |day: i32| crate::model::date::year_of(day) == crate::model::date::year_of(applied);
            let again = if same_year(applied + 7) { applied + 7 } else { applied - 7 };
            return Some(Row { applied_on: Some(again), ..row.clone() });
        }
        (_, 2) => row.identity = Some("7999"),
        (_, 3) => row.enddate = row.begndate.map(|day| day - 1),
        _ => match rng.below(3) {
            0 => row.person = None,
            1 => row.identity = None,
            _ => row.begndate = None,
        },
    }
    None
}

fn columns(rows: &[Row]) -> Vec<ArrayRef> {
    let shown = |person: u64| {
        let mut text = String::new();
        person_number(&mut text, person);
        text
    };
    let day = |value: fn(&Row) -> Option<i32>| Arc::new(rows.iter().map(value).collect::<Date32Array>()) as ArrayRef;
    let text = |values: StringArray| Arc::new(values) as Arc<dyn Array>;
    vec![
        text(rows.iter().map(|r| r.person.map(shown)).collect()),
        text(rows.iter().map(|r| r.identity).collect()),
        day(|r| r.begndate),
        day(|r| r.enddate),
        day(|r| r.applied_on),
        text(rows.iter().map(|r| r.treated_as.map(Identity::as_str)).collect()),
    ]
}
