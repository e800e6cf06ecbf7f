//! Rows of cells as columns of the contract; what cannot be read is told cell by cell.

use super::error::ImportError;
use super::grid::{Grid, Raw};
use super::heads::{Heads, Layout};
use super::value::{self, Cell, Wrong, bare};
use crate::ledger::schema::{Kind, Spec};
use crate::output::columns::{MONEY, TIME, optional_money};
use arrow::array::{ArrayRef, BooleanBuilder, Date32Array, StringBuilder, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use std::borrow::Cow;
use std::sync::Arc;

/// Words of a row of sums.
const SUMS: [&str; 5] = ["合计", "总计", "小计", "本页合计", "累计"];
/// Those of them that sum all rows above.
const GRAND: [&str; 2] = ["合计", "总计"];

/// A cell that cannot be read, or a row that does not fit the heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Row in the file, from 1.
    pub row: u64,
    /// The head, as it is written; none beside the heads.
    pub head: String,
    /// The cell, as it is read.
    pub cell: String,
    /// Why.
    pub wrong: Wrong,
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Rows of the file, as far as there is anything in it.
    pub rows: u64,
    /// Rows that are imported.
    pub imported: u64,
    /// Rows of which a cell cannot be read.
    pub rejected: u64,
    /// Rows above the heads, and the heads.
    pub above: u64,
    /// Rows of sums.
    pub sums: u64,
    /// Rows without a needed cell or an amount, and remarks: a single cell, such as who drew the list up.
    pub blank: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Counts) {
        self.rows += other.rows;
        self.imported += other.imported;
        self.rejected += other.rejected;
        self.above += other.above;
        self.sums += other.sums;
        self.blank += other.blank;
    }
}

/// A sum that a file states, and what its rows come to up to there, in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The row, from 1.
    pub row: u64,
    /// The column.
    pub name: &'static str,
    /// What the file says.
    pub stated: i128,
    /// What the imported rows above come to.
    pub found: i128,
}

/// The columns of an output, of all its files together.
pub(super) fn schema_of(specs: &[Spec], layouts: &[Layout]) -> (SchemaRef, Vec<usize>) {
    let there = |column: &usize| layouts.iter().any(|layout| layout.at[*column].is_some());
    let columns: Vec<usize> = (0..specs.len()).filter(there).collect();
    let field = |column: &usize| Field::new(specs[*column].name, type_of(&specs[*column]), true);
    (Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>())), columns)
}

fn type_of(spec: &Spec) -> DataType {
    match spec.kind {
        Kind::Id | Kind::Code => DataType::Utf8,
        Kind::Time => TIME,
        Kind::Date => DataType::Date32,
        Kind::Money => MONEY,
        Kind::Flag => DataType::Boolean,
    }
}

/// A value as it is stored.
#[derive(Clone, Debug, PartialEq)]
enum Value<'g> {
    Null,
    Text(Cow<'g, str>),
    Fen(i64),
    Micros(i64),
    Day(i32),
    Flag(bool),
}

/// A column being filled.
enum Filling {
    Text(StringBuilder),
    Fen(Vec<Option<i64>>),
    Micros(Vec<Option<i64>>),
    Days(Vec<Option<i32>>),
    Flag(BooleanBuilder),
}

impl Filling {
    fn new(spec: &Spec, rows: usize) -> Self {
        match spec.kind {
            Kind::Id | Kind::Code => Filling::Text(StringBuilder::with_capacity(rows, rows * 12)),
            Kind::Time => Filling::Micros(Vec::with_capacity(rows)),
            Kind::Date => Filling::Days(Vec::with_capacity(rows)),
            Kind::Money => Filling::Fen(Vec::with_capacity(rows)),
            Kind::Flag => Filling::Flag(BooleanBuilder::with_capacity(rows)),
        }
    }

    fn push(&mut self, value: &Value<'_>) {
        match (self, value) {
            (Filling::Text(column), Value::Text(text)) => column.append_value(text),
            (Filling::Fen(column), Value::Fen(fen)) => column.push(Some(*fen)),
            (Filling::Micros(column), Value::Micros(micros)) => column.push(Some(*micros)),
            (Filling::Days(column), Value::Day(day)) => column.push(Some(*day)),
            (Filling::Flag(column), Value::Flag(yes)) => column.append_value(*yes),
            (Filling::Text(column), _) => column.append_null(),
            (Filling::Fen(column), _) => column.push(None),
            (Filling::Micros(column), _) => column.push(None),
            (Filling::Days(column), _) => column.push(None),
            (Filling::Flag(column), _) => column.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Filling::Text(mut column) => Arc::new(column.finish()),
            Filling::Fen(column) => optional_money(column),
            Filling::Micros(column) => Arc::new(TimestampMicrosecondArray::from(column)),
            Filling::Days(column) => Arc::new(Date32Array::from(column)),
            Filling::Flag(mut column) => Arc::new(column.finish()),
        }
    }
}

/// The rows of one file, turned into columns piece by piece.
pub(super) struct Converter<'a> {
    pub(super) specs: &'a [Spec],
    pub(super) schema: SchemaRef,
    /// Columns of the output, by number in `specs`.
    pub(super) columns: &'a [usize],
    pub(super) heads: &'a Heads,
    pub(super) layout: &'a Layout,
    /// Whether a row that ends early was cut; spreadsheets leave out blank cells at the end.
    pub(super) may_be_cut: bool,
    /// What became of the file's rows so far.
    pub(super) counts: Counts,
    /// Sums of the amounts so far, by number in `specs`.
    pub(super) sums: Vec<i128>,
    /// Sums that the file states otherwise.
    pub(super) unlike: Vec<Stated>,
}

impl Converter<'_> {
    /// The rows of a grid from a row on; what cannot be read goes to the rejects.
    pub(super) fn batch(
        &mut self,
        grid: &Grid,
        from: usize,
        rejects: &mut Vec<Reject>,
    ) -> Result<RecordBatch, ImportError> {
        let mut filling: Vec<Filling> =
            self.columns.iter().map(|column| Filling::new(&self.specs[*column], grid.rows())).collect();
        let mut values = Vec::with_capacity(self.columns.len());
        for row in from..grid.rows() {
            self.counts.rows += 1;
            let cells = grid.row(row);
            if self.is_sum(grid, row, cells) || self.is_blank(grid, cells) {
                continue;
            }
            let before = rejects.len();
            self.misfits(grid, row, cells, rejects);
            values.clear();
            for column in self.columns {
                let place = self.layout.at[*column];
                let raw = place.and_then(|place| cells.get(place)).copied().unwrap_or(Raw::Blank);
                let cell = grid.cell(raw);
                values.push(self.read(*column, cell).unwrap_or_else(|wrong| {
                    let head = place.map_or_else(String::new, |place| self.layout.heads[place].clone());
                    rejects.push(Reject { row: grid.number(row), head, cell: shown(cell), wrong });
                    Value::Null
                }));
            }
            if rejects.len() > before {
                self.counts.rejected += 1;
                continue;
            }
            self.counts.imported += 1;
            for ((column, filling), value) in self.columns.iter().zip(&mut filling).zip(&values) {
                if let Value::Fen(fen) = value {
                    self.sums[*column] += i128::from(*fen);
                }
                filling.push(value);
            }
        }
        let columns = filling.into_iter().map(Filling::finish).collect();
        RecordBatch::try_new(self.schema.clone(), columns).map_err(|e| ImportError::Defect { message: e.to_string() })
    }

    fn read<'g>(&self, column: usize, cell: Cell<'g>) -> Result<Value<'g>, Wrong> {
        let spec = &self.specs[column];
        let text = |said: Option<Cow<'g, str>>| said.map_or(Value::Null, Value::Text);
        Ok(match spec.kind {
            Kind::Id => text(value::id(cell)?),
            // A decimal of a code of a disease is a part of it.
            Kind::Code if spec.name == "dise_codg" => text(value::id(cell)?),
            Kind::Code => match value::code(cell)? {
                None => Value::Null,
                Some(word) => Value::Text(match self.heads.code_of(spec.name, &word) {
                    Some(code) => Cow::Owned(code.to_owned()),
                    None => word,
                }),
            },
            Kind::Money => value::money(cell)?.map_or(Value::Null, Value::Fen),
            Kind::Time => value::time(cell)?.map_or(Value::Null, Value::Micros),
            Kind::Date => value::day(cell)?.map_or(Value::Null, Value::Day),
            Kind::Flag => {
                let word = match cell {
                    Cell::Text(text) => bare(text).and_then(|word| self.heads.code_of(spec.name, &word)),
                    _ => None,
                };
                value::flag(word.map_or(cell, Cell::Text))?.map_or(Value::Null, Value::Flag)
            }
        })
    }

    /// Cells beyond the heads, and rows that end before a needed column.
    fn misfits(&self, grid: &Grid, row: usize, cells: &[Raw], rejects: &mut Vec<Reject>) {
        let number = grid.number(row);
        let there = |raw: &&Raw| says(grid, **raw);
        if let Some(extra) = cells.iter().skip(self.layout.heads.len()).find(there) {
            let cell = shown(grid.cell(*extra));
            rejects.push(Reject { row: number, head: String::new(), cell, wrong: Wrong::Extra });
        }
        let needed = self.specs.iter().zip(&self.layout.at).filter(|(spec, _)| spec.needed).filter_map(|(_, at)| *at);
        if let Some(place) = needed.filter(|place| self.may_be_cut && *place >= cells.len()).min() {
            let head = self.layout.heads[place].clone();
            rejects.push(Reject { row: number, head, cell: String::new(), wrong: Wrong::CutShort });
        }
    }

    /// Whether nothing that makes a row stands in a row: no needed cell and no amount, or a remark in a single cell.
    fn is_blank(&mut self, grid: &Grid, cells: &[Raw]) -> bool {
        let told = |raw: &Raw| says(grid, *raw);
        let needed = self.specs.iter().zip(&self.layout.at).filter(|(spec, _)| spec.needed || spec.kind == Kind::Money);
        let blank = !needed.filter_map(|(_, at)| at.and_then(|at| cells.get(at))).any(told)
            || cells.iter().filter(|raw| told(raw)).nth(1).is_none();
        self.counts.blank += u64::from(blank);
        blank
    }

    /// Whether a row is one of sums; a sum of all is held against what the rows above come to.
    fn is_sum(&mut self, grid: &Grid, row: usize, cells: &[Raw]) -> bool {
        let word_of = |raw: &Raw| {
            let text: String = grid.text(*raw)?.chars().filter(|c| !c.is_whitespace()).collect();
            let text = text.trim_end_matches(['：', ':']).to_owned();
            SUMS.contains(&text.as_str()).then_some(text)
        };
        let at = |name: &str| {
            let column = self.specs.iter().position(|spec| spec.name == name)?;
            self.layout.at[column].and_then(|place| cells.get(place))
        };
        // A row of a person has an id and a time.
        let of_a_person =
            at("setl_time").or_else(|| at("begndate")).is_some_and(|raw| says(grid, *raw) && word_of(raw).is_none());
        if of_a_person {
            return false;
        }
        let Some(word) = cells.iter().find_map(word_of) else { return false };
        self.counts.sums += 1;
        if GRAND.contains(&word.as_str()) {
            for (column, spec) in self.specs.iter().enumerate().filter(|(_, spec)| spec.kind == Kind::Money) {
                let raw = self.layout.at[column].and_then(|place| cells.get(place));
                let stated = raw.and_then(|raw| value::money(grid.cell(*raw)).ok().flatten()).map(i128::from);
                let found = self.sums[column];
                if let Some(stated) = stated.filter(|stated| *stated != found) {
                    self.unlike.push(Stated { row: grid.number(row), name: spec.name, stated, found });
                }
            }
        }
        true
    }
}

/// Whether there is anything in a cell.
fn says(grid: &Grid, raw: Raw) -> bool {
    match raw {
        Raw::Blank => false,
        Raw::Text(..) => grid.text(raw).is_some_and(|text| bare(text).is_some()),
        _ => true,
    }
}

/// A cell for people.
pub(super) fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Blank => String::new(),
        Cell::Text(text) => text.to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Moment(micros) => chrono::DateTime::from_timestamp_micros(micros)
            .map_or_else(String::new, |t| t.naive_utc().format("%Y-%m-%d %H:%M:%S").to_string()),
        Cell::Bool(yes) => yes.to_string(),
        Cell::Broken => "#".to_owned(),
    }
}
