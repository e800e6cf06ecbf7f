//! Settled columns in the types that every engine knows: text instead of numbered texts, decimals of 128 bits.

use crate::ledger::schema::IdType;
use crate::output::files::{alerts_schema, audit_schema, persons_schema, rejects_schema, settlement_schema};
use crate::run::range::Output;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// Names of the outputs, in the order in which they are given.
const NAMES: [&str; 5] = ["settlement", "audit", "persons", "alerts", "rejects"];

/// Rows of the outputs, by name; those without rows are left out.
#[derive(Debug, Default)]
pub struct Tables {
    tables: Vec<(&'static str, RecordBatch)>,
}

impl Tables {
    pub(super) fn put(&mut self, output: Output, batch: RecordBatch) {
        let name = match output {
            Output::Settlement => NAMES[0],
            Output::Audit => NAMES[1],
            Output::Persons => NAMES[2],
            Output::Alerts => NAMES[3],
            Output::Orders => return,
        };
        self.tables.extend((batch.num_rows() > 0).then_some((name, batch)));
    }

    pub(super) fn put_rejects(&mut self, batch: RecordBatch) {
        self.tables.push((NAMES[4], batch));
    }

    pub(super) fn extend(&mut self, other: Tables) {
        self.tables.extend(other.tables);
    }
}

impl IntoIterator for Tables {
    type Item = (&'static str, RecordBatch);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.tables.into_iter()
    }
}

/// The schema of every output by name, as batches of it come, for ids of these types.
pub fn output_schemas(psn_no: IdType, setl_id: IdType) -> [(&'static str, SchemaRef); 5] {
    let schemas = [
        settlement_schema(psn_no, setl_id),
        audit_schema(psn_no, setl_id),
        persons_schema(psn_no),
        alerts_schema(psn_no, setl_id),
        rejects_schema(),
    ];
    let mut names = NAMES.into_iter();
    schemas.map(|schema| (names.next().unwrap_or_default(), plain_schema(&schema)))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::Decimal64(precision, scale) => DataType::Decimal128(*precision, *scale),
        other => other.clone(),
    }
}

fn plain_schema(schema: &Schema) -> SchemaRef {
    let field =
        |field: &Arc<arrow::datatypes::Field>| field.as_ref().clone().with_data_type(plain_type(field.data_type()));
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// A batch in plain types.
pub(super) fn plain(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(|column| match plain_type(column.data_type()) {
        same if same == *column.data_type() => Ok(column.clone()),
        other => cast(column, &other),
    });
    RecordBatch::try_new(plain_schema(&batch.schema()), columns.collect::<Result<_, _>>()?)
}
