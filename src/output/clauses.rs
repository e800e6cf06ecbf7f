//! `clauses.parquet`: what each rule, clause and bracket of the policy did in a run.

use super::columns::*;
use crate::model::codes::Layer;
use crate::model::fen::NO_LIMIT;
use crate::policy::tables::Tables;
use crate::settle::clauses::{Clause, ClauseIndex, ClauseSums, ClauseTally};
use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A row of `clauses.parquet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseRow {
    /// Id of the policy.
    pub policy: String,
    /// Which clause; money in fen.
    pub clause: Clause,
    /// Id of the rule in the policy file, or `recorded`.
    pub rule: String,
    /// Clause of the policy text.
    pub text: String,
    /// Name of the pool.
    pub pool: Option<String>,
    /// What it came to.
    pub sums: ClauseSums,
}

impl ClauseRow {
    /// Whether any claim reached it.
    pub fn is_exercised(&self) -> bool {
        self.sums.claims > 0
    }
}

/// What the clauses of a policy came to, in the order of its tables; of a run, policy by policy.
///
/// The tally may stand by tables compiled for more years than were found; the rows are those of `tables`.
pub fn clause_rows(tally: Option<&ClauseTally>, tables: &Tables) -> Vec<ClauseRow> {
    // A year's clauses are listed alike, whatever the other years.
    let mut counted: BTreeMap<i32, VecDeque<ClauseSums>> = BTreeMap::new();
    for (clause, sums) in tally.into_iter().flat_map(ClauseTally::totals) {
        counted.entry(clause.year).or_default().push_back(sums);
    }
    let row = |clause: Clause| {
        let cite = &tables.cites[usize::from(clause.cite)];
        let pool = clause.pool.map(|p| tables.pools[usize::from(p)].clone());
        let sums = counted.get_mut(&clause.year).and_then(VecDeque::pop_front).unwrap_or_default();
        let (policy, rule, text) = (tables.policy.clone(), cite.rule.clone(), cite.clause.clone());
        ClauseRow { policy, clause, rule, text, pool, sums }
    };
    ClauseIndex::new(tables).clauses.into_iter().map(row).collect()
}

/// Schema of `clauses.parquet`.
pub fn clauses_schema() -> SchemaRef {
    schema([
        ("policy", DataType::Utf8, false),
        ("benefit_year", DataType::Int32, false),
        ("layer", code_type(), false),
        ("rule", DataType::Utf8, false),
        ("clause", DataType::Utf8, false),
        ("pool", DataType::Utf8, true),
        ("lo", MONEY, true),
        ("hi", MONEY, true),
        ("ratio", RATIO, true),
        ("cap", MONEY, true),
        ("persons", DataType::Int64, false),
        ("claims", DataType::Int64, false),
        ("base_moved", MONEY, true),
        ("gross", MONEY, true),
        ("paid", MONEY, true),
        ("cap_binding", DataType::Int64, false),
        ("cut_off", MONEY, true),
        ("under_deductible", DataType::Int64, true),
        ("exercised", DataType::Boolean, false),
    ])
}

/// A sum as the file can hold it: eighteen digits, else null.
fn held(fen: i128) -> Option<i64> {
    i64::try_from(fen).ok().filter(|fen| fen.unsigned_abs() < 10u64.pow(18))
}

/// The batch of `clauses.parquet`.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn clauses(rows: &[ClauseRow]) -> Result<RecordBatch, ArrowError> {
    let edge = |of: fn((i64, i64)) -> i64| {
        optional_money(rows.iter().map(move |r| r.clause.bracket.map(of).filter(|fen| *fen != NO_LIMIT)))
    };
    let sum = |of: fn(&ClauseSums) -> i128| optional_money(rows.iter().map(move |r| held(of(&r.sums))));
    let count =
        |of: fn(&ClauseSums) -> u64| Arc::new(rows.iter().map(|r| of(&r.sums) as i64).collect::<Int64Array>()) as _;
    let moved = |r: &ClauseRow| r.clause.bracket.and_then(|_| held(r.sums.base_moved));
    let under = |r: &ClauseRow| r.clause.is_deductible().then_some(r.sums.under_deductible as i64);
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|r| Some(r.policy.as_str())).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| r.clause.year).collect::<Int32Array>()),
        codes(rows.iter().map(|r| Some(r.clause.layer as u8)), Layer::ALL.iter().map(|l| l.as_str())),
        Arc::new(rows.iter().map(|r| Some(r.rule.as_str())).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| Some(r.text.as_str())).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| r.pool.as_deref()).collect::<StringArray>()),
        edge(|(lo, _)| lo),
        edge(|(_, hi)| hi),
        ratios(rows.iter().map(|r| r.clause.ratio_ppm)),
        optional_money(rows.iter().map(|r| r.clause.cap)),
        count(|s| s.persons),
        count(|s| s.claims),
        optional_money(rows.iter().map(moved)),
        sum(|s| s.gross),
        sum(|s| s.paid),
        count(|s| s.cap_binding),
        sum(|s| s.cut_off),
        Arc::new(rows.iter().map(under).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|r| Some(r.is_exercised())).collect::<BooleanArray>()),
    ];
    RecordBatch::try_new(clauses_schema(), arrays)
}
