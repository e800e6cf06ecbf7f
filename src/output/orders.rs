//! `orders.parquet`: persons' years whose total hangs on the order of their claims.

use super::columns::*;
use super::files::Context;
use crate::ledger::schema::IdType;
use crate::orders::OrderRow;
use crate::persons::sorted::Sorted;
use crate::policy::eras::Eras;
use arrow::array::{ArrayRef, BooleanArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// Schema of `orders.parquet`.
pub fn orders_schema(psn_no: IdType) -> SchemaRef {
    schema([
        ("psn_no", id_type(psn_no), false),
        ("policy", DataType::Utf8, false),
        ("benefit_year", DataType::Int32, false),
        ("claims", DataType::Int32, false),
        ("ordered", DataType::Int32, false),
        ("total", MONEY, false),
        ("least", MONEY, false),
        ("greatest", MONEY, false),
        ("least_order", DataType::Utf8, false),
        ("greatest_order", DataType::Utf8, false),
        ("orders_tried", DataType::Int32, false),
        ("complete", DataType::Boolean, false),
        ("causes", DataType::Utf8, false),
    ])
}

/// A batch of `orders.parquet`.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn orders(
    context: Context<'_>,
    eras: &Eras,
    rows: &Sorted<'_>,
    found: &[OrderRow],
) -> Result<RecordBatch, ArrowError> {
    let policy = |r: &OrderRow| Some(eras.all[r.policy].tables.policy.as_str());
    let text = |of: fn(&OrderRow) -> String| Arc::new(found.iter().map(|r| Some(of(r))).collect::<StringArray>()) as _;
    let fen = |of: fn(&OrderRow) -> i64| money(found.iter().map(of).collect());
    let number = |of: fn(&OrderRow) -> u32| Arc::new(found.iter().map(|r| of(r) as i32).collect::<Int32Array>()) as _;
    let arrays: Vec<ArrayRef> = vec![
        ids(found.iter().map(|r| rows.psn_no(r.row as usize)), context.psn_no)?,
        Arc::new(found.iter().map(policy).collect::<StringArray>()),
        Arc::new(found.iter().map(|r| r.year).collect::<Int32Array>()),
        number(|r| r.claims),
        number(|r| r.ordered),
        fen(|r| r.total),
        fen(|r| r.least.0),
        fen(|r| r.greatest.0),
        text(|r| r.least.1.text()),
        text(|r| r.greatest.1.text()),
        number(|r| r.tried),
        Arc::new(found.iter().map(|r| Some(r.complete)).collect::<BooleanArray>()),
        text(|r| r.causes.names()),
    ];
    RecordBatch::try_new(orders_schema(context.psn_no), arrays)
}
