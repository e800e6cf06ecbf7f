//! `projection.parquet` and `people.parquet`: their schemas, and their rows scenario by scenario.

use super::cells::{ALL_IDENTITIES, CELLS, LINE, NOBODY, care_name, identity_name, parts_of};
use super::failure::ProjectError;
use super::found::{Baseline, Cell, Figure, Found, Intervals};
use super::people::{Figures, GROUPS};
use super::sums::PeopleSum;
use crate::lang::{Both, both};
use crate::output::columns::{MONEY, money, optional_money, schema};
use crate::output::parquet_file::{Encoder, FileDigest, ParquetFile};
use crate::output::publish::Stage;
use crate::run::error::RunError;
use crate::settle::outcome::{FUNDS, MONEY_NAMES};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// Rows of a row group.
const GROUP_ROWS: usize = 131_072;

/// Name of the file of totals.
pub const PROJECTION: &str = "projection.parquet";
/// Name of the file of people.
pub const PEOPLE: &str = "people.parquet";

/// Both files, being written.
pub struct Files {
    projection: Growing<ProjectionRow>,
    people: Growing<PeopleRow>,
    interval: bool,
    income: bool,
}

/// A file whose rows are gathered to row groups.
struct Growing<T> {
    file: ParquetFile,
    encoder: Encoder,
    rows: Vec<T>,
    batch: fn(&[T]) -> Result<RecordBatch, arrow::error::ArrowError>,
}

impl<T> Growing<T> {
    fn create(
        stage: &Stage,
        name: &str,
        schema: SchemaRef,
        batch: fn(&[T]) -> Result<RecordBatch, arrow::error::ArrowError>,
    ) -> Result<Self, ProjectError> {
        let (file, encoder) = ParquetFile::create(&stage.file(name), schema)?;
        Ok(Self { file, encoder, rows: Vec::new(), batch })
    }

    fn push(&mut self, row: T) -> Result<(), ProjectError> {
        self.rows.push(row);
        if self.rows.len() == GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ProjectError> {
        let batch = (self.batch)(&self.rows).map_err(RunError::defect("building output columns"))?;
        self.file.append(self.encoder.encode(&batch)?)?;
        self.rows.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<FileDigest, ProjectError> {
        self.flush()?;
        Ok(self.file.finish()?)
    }
}

impl Files {
    /// Starts both; whether there are intervals, and an income to hold burdens against.
    ///
    /// # Errors
    /// [`ProjectError`] of the files.
    pub fn create(stage: &Stage, interval: bool, income: bool) -> Result<Self, ProjectError> {
        let projection = Growing::create(stage, PROJECTION, projection_schema(), projection)?;
        let people = Growing::create(stage, PEOPLE, people_schema(), people)?;
        Ok(Self { projection, people, interval, income })
    }

    /// Puts the rows of a scenario.
    ///
    /// # Errors
    /// [`ProjectError::TooLarge`] for a figure beyond eighteen digits; errors of the files.
    pub fn put(&mut self, scenario: &str, found: &Found, baseline: &Baseline) -> Result<(), ProjectError> {
        let scenario: Arc<str> = scenario.into();
        for cell in 0..CELLS as u16 {
            let Some(Cell { persons, claims, paid }) = found.cell(baseline, cell) else { continue };
            let at = |what: &'static str| {
                let (scenario, fund) = (scenario.clone(), fund_of(cell));
                move || both!("{what} of {fund} under scenario `{scenario}`", "方案 `{scenario}` 下 {fund} 的 {what} ")
            };
            let intervals = found.intervals(cell).filter(|_| self.interval);
            self.projection.push(ProjectionRow {
                scenario: scenario.clone(),
                cell,
                persons: counted(persons),
                claims: counted(claims),
                paid: [held(paid.total, at("paid"))?, held(paid.change, at("paid_change"))?],
                intervals: intervals.map(|i| ends(i, at("an interval"))).transpose()?,
            })?;
        }
        for group in [ALL_IDENTITIES].into_iter().chain(0..ALL_IDENTITIES) {
            let sum = found.people(baseline, group);
            if sum.persons == 0 && baseline.sums.people[group].persons == 0 && group != ALL_IDENTITIES {
                continue;
            }
            let of = |money: i128| {
                held(money, || both!("a sum of people under scenario `{scenario}`", "方案 `{scenario}` 下的人员合计"))
            };
            let [won, lost, left] = found.means(baseline, group);
            self.people.push(PeopleRow {
                scenario: scenario.clone(),
                group,
                sum,
                above: self.income.then_some(sum.above),
                figures: found.figures[group],
                means: [won.map(of).transpose()?, lost.map(of).transpose()?, left.map(of).transpose()?],
                cut_off: of(sum.cut_off)?,
            })?;
        }
        Ok(())
    }

    /// Closes both; their digests by name.
    ///
    /// # Errors
    /// [`ProjectError`] of the files.
    pub fn finish(self) -> Result<[(String, FileDigest); 2], ProjectError> {
        Ok([(PROJECTION.to_owned(), self.projection.finish()?), (PEOPLE.to_owned(), self.people.finish()?)])
    }
}

/// The fund of a cell, for errors.
fn fund_of(cell: u16) -> &'static str {
    FUNDS[LINE[parts_of(cell).0].fund].name
}

fn counted(figure: Figure) -> [i64; 2] {
    [figure.total, figure.change].map(|n| i64::try_from(n).unwrap_or(i64::MAX))
}

/// Money as the files hold it.
fn held(fen: i128, what: impl Fn() -> Both) -> Result<i64, ProjectError> {
    i64::try_from(fen)
        .ok()
        .filter(|fen| fen.unsigned_abs() < 10u64.pow(18))
        .ok_or_else(|| ProjectError::TooLarge { what: what() })
}

fn ends(intervals: Intervals, what: impl Fn() -> Both) -> Result<[i64; 4], ProjectError> {
    let Intervals { paid, change } = intervals;
    let [a, b, c, d] = [paid.low, paid.high, change.low, change.high].map(|fen| held(fen, &what));
    Ok([a?, b?, c?, d?])
}

/// A row of `projection.parquet`.
struct ProjectionRow {
    scenario: Arc<str>,
    cell: u16,
    persons: [i64; 2],
    claims: [i64; 2],
    paid: [i64; 2],
    intervals: Option<[i64; 4]>,
}

fn projection_schema() -> SchemaRef {
    schema([
        ("scenario", DataType::Utf8, false),
        ("fund", DataType::Utf8, false),
        ("layer", DataType::Utf8, true),
        ("identity", DataType::Utf8, true),
        ("care", DataType::Utf8, true),
        ("persons", DataType::Int64, false),
        ("claims", DataType::Int64, false),
        ("paid", MONEY, false),
        ("persons_change", DataType::Int64, false),
        ("claims_change", DataType::Int64, false),
        ("paid_change", MONEY, false),
        ("paid_low", MONEY, true),
        ("paid_high", MONEY, true),
        ("change_low", MONEY, true),
        ("change_high", MONEY, true),
    ])
}

fn projection(rows: &[ProjectionRow]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text = |of: &dyn Fn(&ProjectionRow) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let count =
        |of: &dyn Fn(&ProjectionRow) -> i64| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
    let line = |row: &ProjectionRow| LINE[parts_of(row.cell).0];
    let mut arrays = vec![
        Arc::new(rows.iter().map(|r| Some(&*r.scenario)).collect::<StringArray>()) as ArrayRef,
        text(&|r| Some(FUNDS[line(r).fund].name)),
        text(&|r| line(r).layer.map(|l| MONEY_NAMES[l as usize])),
        text(&|r| identity_name(parts_of(r.cell).1)),
        text(&|r| care_name(parts_of(r.cell).2)),
    ];
    for n in 0..2 {
        arrays.push(count(&|r| r.persons[n]));
        arrays.push(count(&|r| r.claims[n]));
        arrays.push(money(rows.iter().map(|r| r.paid[n]).collect()));
    }
    arrays.extend((0..4).map(|n| optional_money(rows.iter().map(|r| r.intervals.map(|i| i[n])))));
    RecordBatch::try_new(projection_schema(), arrays)
}

/// A row of `people.parquet`.
struct PeopleRow {
    scenario: Arc<str>,
    group: usize,
    sum: PeopleSum,
    above: Option<[i64; 2]>,
    figures: Figures,
    /// Of what is won, lost and left.
    means: [Option<i64>; 3],
    cut_off: i64,
}

fn people_schema() -> SchemaRef {
    schema([
        ("scenario", DataType::Utf8, false),
        ("identity", DataType::Utf8, true),
        ("persons", DataType::Int64, false),
        ("winners", DataType::Int64, false),
        ("winners_mean", MONEY, true),
        ("winners_p10", MONEY, true),
        ("winners_p50", MONEY, true),
        ("winners_p90", MONEY, true),
        ("losers", DataType::Int64, false),
        ("losers_mean", MONEY, true),
        ("losers_p10", MONEY, true),
        ("losers_p50", MONEY, true),
        ("losers_p90", MONEY, true),
        ("burden_mean", MONEY, true),
        ("burden_p50", MONEY, true),
        ("burden_p90", MONEY, true),
        ("burden_p99", MONEY, true),
        ("above_10_percent", DataType::Int64, true),
        ("above_25_percent", DataType::Int64, true),
        ("at_cap", DataType::Int64, false),
        ("cut_off", MONEY, false),
    ])
}

fn people(rows: &[PeopleRow]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let count =
        |of: &dyn Fn(&PeopleRow) -> Option<i64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
    let fen = |of: &dyn Fn(&PeopleRow) -> Option<i64>| optional_money(rows.iter().map(of));
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|r| Some(&*r.scenario)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| identity_name(r.group)).collect::<StringArray>()),
        count(&|r| Some(r.sum.persons)),
        count(&|r| Some(r.sum.winners)),
        fen(&|r| r.means[0]),
    ];
    arrays.extend((0..3).map(|n| fen(&|r| r.figures.won[n])));
    arrays.push(count(&|r| Some(r.sum.losers)));
    arrays.push(fen(&|r| r.means[1]));
    arrays.extend((0..3).map(|n| fen(&|r| r.figures.lost[n])));
    arrays.push(fen(&|r| r.means[2]));
    arrays.extend((0..3).map(|n| fen(&|r| r.figures.burden[n])));
    arrays.extend((0..2).map(|n| count(&|r| r.above.map(|above| above[n]))));
    arrays.push(count(&|r| Some(r.sum.at_cap)));
    arrays.push(money(rows.iter().map(|r| r.cut_off).collect()));
    RecordBatch::try_new(people_schema(), arrays)
}

const _: () = assert!(NOBODY < GROUPS);
