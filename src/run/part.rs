//! One range of persons as a worker takes it: its rows brought together, settled and encoded.

use super::error::RunError;
use super::pieces::Pieces;
use super::range::{Output, Settling, Tally};
use super::settle::Settle;
use crate::output::error::OutputError;
use crate::output::files::{self, Context};
use crate::output::orders::orders_schema;
use crate::output::parquet_file::{Encoded, Encoder, ParquetFile};
use crate::output::publish::Stage;

/// One range of persons, settled and encoded.
#[derive(Default)]
pub(super) struct Part {
    pub(super) settlement: Option<Encoded>,
    pub(super) audit: Option<Encoded>,
    pub(super) orders: Option<Encoded>,
    pub(super) persons: Option<Encoded>,
    pub(super) alerts: Option<Encoded>,
    pub(super) tally: Tally,
    pub(super) rows: u64,
}

/// The files that grow while persons are settled.
pub(super) struct Files {
    pub(super) settlement: ParquetFile,
    pub(super) audit: Option<ParquetFile>,
    pub(super) orders: Option<ParquetFile>,
    pub(super) persons: ParquetFile,
    pub(super) alerts: ParquetFile,
}

/// Their encoders, shared by the workers.
pub(super) struct Encoders {
    pub(super) settlement: Encoder,
    pub(super) audit: Option<Encoder>,
    pub(super) orders: Option<Encoder>,
    pub(super) persons: Encoder,
    pub(super) alerts: Encoder,
}

pub(super) fn create_files(
    run: &Settle,
    stage: &Stage,
    context: Context<'_>,
) -> Result<(Files, Encoders), OutputError> {
    let (psn_no, setl_id) = (context.psn_no, context.setl_id);
    let create = |name: &str, schema| ParquetFile::create(&stage.file(name), schema);
    let (settlement, settlement_encoder) = create("settlement.parquet", files::settlement_schema(psn_no, setl_id))?;
    let audit = run.audit.then(|| create("audit.parquet", files::audit_schema(psn_no, setl_id))).transpose()?;
    let (audit, audit_encoder) = audit.unzip();
    let orders = run.orders.then(|| create("orders.parquet", orders_schema(psn_no))).transpose()?;
    let (orders, orders_encoder) = orders.unzip();
    let (persons, persons_encoder) = create("persons.parquet", files::persons_schema(psn_no))?;
    let (alerts, alerts_encoder) = create("alerts.parquet", files::alerts_schema(psn_no, setl_id))?;
    let encoders = Encoders {
        settlement: settlement_encoder,
        audit: audit_encoder,
        orders: orders_encoder,
        persons: persons_encoder,
        alerts: alerts_encoder,
    };
    Ok((Files { settlement, audit, orders, persons, alerts }, encoders))
}

/// Columns of the files that grow while persons are settled.
pub(super) fn output_columns(run: &Settle) -> usize {
    use crate::ledger::schema::IdType::Text;
    let schemas = [
        files::settlement_schema(Text, Text),
        files::audit_schema(Text, Text),
        files::persons_schema(Text),
        files::alerts_schema(Text, Text),
    ];
    let orders = run.orders.then(|| orders_schema(Text));
    schemas.iter().chain(&orders).map(|schema| schema.fields().len()).sum()
}

/// What a worker needs to settle a range.
pub(super) struct Job<'a> {
    pub(super) settling: Settling<'a>,
    pub(super) encoders: &'a Encoders,
}

impl Job<'_> {
    /// Sorts, settles and encodes one range of persons.
    pub(super) fn part(&self, source: &Pieces<'_>, part: usize) -> Result<Part, RunError> {
        let (pieces, texts) = source.of(part)?;
        let mut rows = self.settling.reading.sort(pieces, &texts).ok_or_else(|| source.damaged())?;
        let mut encoded = Part { rows: rows.rows() as u64, ..Part::default() };
        encoded.tally = self.settling.range(&mut rows, &texts, |output, batch| {
            let (encoder, to) = match output {
                Output::Settlement => (Some(&self.encoders.settlement), &mut encoded.settlement),
                Output::Persons => (Some(&self.encoders.persons), &mut encoded.persons),
                Output::Alerts => (Some(&self.encoders.alerts), &mut encoded.alerts),
                Output::Audit => (self.encoders.audit.as_ref(), &mut encoded.audit),
                Output::Orders => (self.encoders.orders.as_ref(), &mut encoded.orders),
            };
            if let Some(encoder) = encoder {
                *to = encoder.encode(batch)?;
            }
            Ok(())
        })?;
        Ok(encoded)
    }
}
