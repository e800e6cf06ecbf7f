//! One range of persons: sorted, resolved, settled and encoded, by one worker.

use super::error::RunError;
use super::pieces::Pieces;
use super::settle::Settle;
use super::subsidies::Residents;
use crate::ledger::marks::Packed;
use crate::ledger::reject::{Reject, RejectSource, place};
use crate::model::codes::Insutype;
use crate::model::date;
use crate::orders::{Examiner, OrderCounts};
use crate::output::error::OutputError;
use crate::output::files::{self, Context};
use crate::output::orders::{orders, orders_schema};
use crate::output::parquet_file::{Encoded, Encoder, ParquetFile};
use crate::output::publish::Stage;
use crate::persons::resolve::Resolver;
use crate::persons::sorted::{Reading, Sorted};
use crate::policy::eras::{Era, Eras};
use crate::policy::tables::{NO_RANK, Tables};
use crate::roster::Roster;
use crate::settle::clauses::ClauseTally;
use crate::settle::holdings::Holdings;
use crate::settle::several::Several;
use crate::settle::sink::{Sink, Totals};
use crate::settle::{Scratch, settle_person};
use std::collections::BTreeSet;

/// One range of persons, settled and encoded.
pub(super) struct Part {
    pub(super) settlement: Option<Encoded>,
    pub(super) audit: Option<Encoded>,
    pub(super) orders: Option<Encoded>,
    pub(super) persons: Option<Encoded>,
    pub(super) alerts: Option<Encoded>,
    pub(super) tally: Tally,
    pub(super) rows: u64,
}

/// What is counted and set aside while persons are settled; ranges add up to the run.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rejects: Vec<Reject>,
    pub(super) totals: Totals,
    /// By policy; empty before the first range.
    pub(super) clauses: Vec<ClauseTally>,
    pub(super) orders: OrderCounts,
    pub(super) years: BTreeSet<i32>,
    pub(super) residents: Residents,
    /// Person, year and whether as a resident, for every claim of the roster's persons, as yet unmerged.
    pub(super) of_roster: Vec<(u32, i32, bool)>,
    pub(super) alert_counts: Vec<u64>,
    pub(super) audit_rows: u64,
    pub(super) other_years: u64,
    pub(super) parts_mismatch: u64,
    pub(super) identity_differs: u64,
}

impl Tally {
    /// Adds what another range tally.
    pub(super) fn merge(&mut self, other: Tally) {
        self.totals.merge(&other.totals);
        if self.clauses.is_empty() {
            self.clauses = other.clauses;
        } else {
            self.clauses.iter_mut().zip(&other.clauses).for_each(|(mine, theirs)| mine.merge(theirs));
        }
        self.orders.add(&other.orders);
        self.rejects.extend(other.rejects);
        self.years.extend(other.years);
        other.of_roster.iter().for_each(|(person, year, resident)| self.residents.note(*person, *year, *resident));
        self.alert_counts.resize(self.alert_counts.len().max(other.alert_counts.len()), 0);
        self.alert_counts.iter_mut().zip(other.alert_counts).for_each(|(a, b)| *a += b);
        self.audit_rows += other.audit_rows;
        self.other_years += other.other_years;
        self.parts_mismatch += other.parts_mismatch;
        self.identity_differs += other.identity_differs;
    }
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
    pub(super) run: &'a Settle,
    pub(super) eras: &'a Eras,
    pub(super) context: Context<'a>,
    pub(super) reading: &'a Reading,
    /// By policy; empty where there is no roster.
    pub(super) rosters: &'a [Roster],
    pub(super) encoders: &'a Encoders,
}

impl Job<'_> {
    /// Sorts, resolves, settles and encodes one range of persons.
    pub(super) fn part(&self, source: &Pieces<'_>, part: usize) -> Result<Part, RunError> {
        let (pieces, texts) = source.of(part)?;
        let mut rows = self.reading.sort(pieces, &texts).ok_or_else(|| source.damaged())?;
        let context = Context { texts: &texts, ..self.context };
        match &*self.eras.all {
            [only] => rows.certify(|packed, _| certified(only, packed)),
            all => rows.certify(|packed, day| certified(&all[self.eras.of(day)], packed)),
        }
        let mut sink = Sink::new(&self.eras.all[0].tables, self.run.year, self.run.audit);
        sink.settlement.reserve(rows.rows());
        let mut tally = Tally::default();
        let mut examiner = self.run.orders.then(|| Examiner::new(self.eras, self.run.year));
        self.persons(&rows, &mut sink, &mut tally, examiner.as_mut());
        if !files::conserves(&sink.settlement) {
            let message = "a settled row does not add up to its fee".to_owned();
            return Err(RunError::Defect { what: "conservation of money", message });
        }
        tally.alert_counts = vec![0; self.eras.names.alerts.len()];
        for alert in &sink.alerts {
            tally.alert_counts[usize::from(alert.alert)] += 1;
        }
        tally.audit_rows = sink.audit.row.len() as u64;
        tally.other_years = sink.other_years;
        tally.totals = sink.totals;
        tally.years = sink.years;
        let build = RunError::defect("building output columns");
        let settlement = files::settlement(context, &rows, sink.settlement).map_err(&build)?;
        let persons = files::persons(context, &rows, sink.persons).map_err(&build)?;
        let alerts = files::alerts(context, &rows, &sink.alerts).map_err(&build)?;
        let audit = match &self.encoders.audit {
            Some(encoder) => encoder.encode(&files::audit(context, &rows, sink.audit).map_err(&build)?)?,
            None => None,
        };
        let orders = match (&self.encoders.orders, examiner) {
            (Some(encoder), Some(examiner)) => {
                tally.orders = examiner.counts;
                encoder.encode(&orders(context, self.eras, &rows, &examiner.rows).map_err(&build)?)?
            }
            _ => None,
        };
        Ok(Part {
            settlement: self.encoders.settlement.encode(&settlement)?,
            audit,
            orders,
            persons: self.encoders.persons.encode(&persons)?,
            alerts: self.encoders.alerts.encode(&alerts)?,
            tally,
            rows: rows.rows() as u64,
        })
    }

    fn persons(&self, rows: &Sorted<'_>, sink: &mut Sink, tally: &mut Tally, mut examiner: Option<&mut Examiner<'_>>) {
        let eras = &self.eras.all;
        let claims = rows.claims();
        let periods = self.eras.periods();
        let periods = (!self.run.as_if).then_some(&*periods);
        let granted: Vec<u8> = eras.iter().map(|era| granted(&era.tables)).collect();
        let mut several = (eras.len() > 1).then(|| Several::new(self.eras, self.run.year, self.run.audit));
        let (mut resolver, mut scratch) = (Resolver::default(), Scratch::default());
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        let mut at = None;
        for person in rows.persons() {
            accepted.clear();
            let first = person.start;
            resolver.resolve(rows, person, periods, &mut accepted, &mut refused);
            // All rosters of a run number their persons alike.
            let number = self.rosters.first().map(|r| r.find_from(&mut at, rows.psn_no(first)));
            let holdings = |policy: usize| match (self.rosters.get(policy), number) {
                (Some(roster), Some(Some(n))) => Holdings::Roster(roster.periods(n)),
                (Some(_), _) => Holdings::Roster(&[]),
                (None, _) => Holdings::Ledger { granted: granted[policy] },
            };
            match &mut several {
                _ if accepted.is_empty() => {}
                None => settle_person(&eras[0].tables, &claims, &accepted, holdings(0), &mut scratch, sink),
                Some(several) => several.person(&claims, &accepted, holdings, sink),
            }
            if let Some(examiner) = &mut examiner {
                examiner.person(&claims, &accepted, holdings, &mut scratch);
            }
            for a in accepted.iter().filter(|a| !a.reversed) {
                let row = a.row as usize;
                let packed = rows.packed(row);
                tally.parts_mismatch += u64::from(packed.parts_mismatch());
                let day = claims.day[row];
                if let Some(Some(n)) = number {
                    let noted = (n as u32, date::year_of(day), packed.insutype() != Insutype::Employee);
                    if eras[self.eras.of(day)].tables.year(noted.1).is_some() && tally.of_roster.last() != Some(&noted)
                    {
                        tally.of_roster.push(noted);
                    }
                }
                if !self.rosters.is_empty() && self.compares() {
                    let policy = self.eras.of(day);
                    let era = &eras[policy];
                    let held = holdings(policy).in_force(&era.tables, day, NO_RANK);
                    let rank = certified(era, packed);
                    let same = match rank {
                        NO_RANK => held == 0 && !packed.identity_unknown(),
                        rank => held & (1 << rank) != 0,
                    };
                    tally.identity_differs += u64::from(!same);
                }
            }
        }
        tally.clauses = match several {
            Some(several) => several.finish(sink),
            None => vec![std::mem::take(&mut sink.clauses)],
        };
        for refusal in refused {
            let row = refusal.row as usize;
            let (file, number) = place(rows.origin(row));
            tally.rejects.push(Reject {
                source: RejectSource::Ledger,
                psn_no: Some(Box::from(rows.psn_no(row))),
                setl_id: Some(Box::from(rows.setl_id(row))),
                reason: refusal.reason,
                detail: refusal.detail,
                file,
                row: number,
            });
        }
    }

    /// Whether the ledger carries identities that are compared with the roster's.
    fn compares(&self) -> bool {
        self.reading.has_identity
    }
}

/// The rank under a policy of the identity that the ledger carries.
fn certified(era: &Era, packed: Packed) -> u8 {
    packed.identity().map_or(NO_RANK, |i| era.tables.rank_of[i.index()])
}

/// The rank of the identity that a policy grants on application.
fn granted(tables: &Tables) -> u8 {
    tables.grant_lookback.iter().position(Option::is_some).map_or(NO_RANK, |r| r as u8)
}
