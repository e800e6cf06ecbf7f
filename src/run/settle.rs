//! The settle run, from files to the published folder.
//!
//! ```text
//!  survey ── who is in the ledger ─► cuts (ranges of persons)
//!  read ──── row groups in parallel ─► normalised batches, scattered by range; rejects
//!  compile ─ policy × parameters × the years found ─► tables
//!  settle ── ranges in parallel: sort ─► resolve ─► kernel ─► encode; appended in order
//!  close ─── subsidies, rejects, manifest ─► publish
//! ```

use super::error::RunError;
use super::ordered::in_order;
use super::progress::{Progress, Step};
use super::subsidies::{Residents, subsidies};
use crate::ledger::codebook::CodeBook;
use crate::ledger::intern::Interner;
use crate::ledger::normalise::{Normaliser, Roles};
use crate::ledger::open::{Ledger, Source};
use crate::ledger::reject::{Reject, RejectSource, place};
use crate::ledger::schema::{LedgerColumn, Renames, TypeRules};
use crate::model::codes::Identity;
use crate::model::date;
use crate::output::error::OutputError;
use crate::output::files::{self, Context};
use crate::output::manifest::{self, *};
use crate::output::parquet_file::{Encoded, Encoder, FileDigest, ParquetFile, digest_of, digest_of_text, hex};
use crate::output::publish::{MANIFEST, Stage};
use crate::persons::partition::{Cuts, Reading, Sampler, Sorted};
use crate::persons::resolve::Resolver;
use crate::persons::store::{Held, Store};
use crate::policy::Policy;
use crate::policy::compile::{Compiled, Needs, compile, is_illustrative};
use crate::policy::document::YearBy;
use crate::policy::parameters::{Parameters, Used};
use crate::policy::tables::{NO_RANK, Tables};
use crate::roster::Roster;
use crate::settle::holdings::Holdings;
use crate::settle::sink::{Sink, Totals};
use crate::settle::{Scratch, settle_person};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 131_072;
/// Rows of a row group of the outputs that are written at the end.
const TAIL_ROWS: usize = 131_072;

/// What to settle, and how.
#[derive(Debug)]
pub struct Settle {
    /// Ledger files.
    pub ledger: Vec<Source>,
    /// Roster.
    pub roster: Option<Source>,
    /// The policy.
    pub policy: Policy,
    /// Dated values.
    pub parameters: Parameters,
    /// Codes.
    pub book: CodeBook,
    /// Columns renamed.
    pub renames: Renames,
    /// Columns that hold assistance paid.
    pub recorded_maf: Vec<String>,
    /// Output folder.
    pub out: PathBuf,
    /// Only this charge year.
    pub year: Option<i32>,
    /// The policy outside its dates.
    pub as_if: bool,
    /// Write `audit.parquet`.
    pub audit: bool,
    /// Refuse values without a publication.
    pub strict: bool,
    /// Replace an earlier run.
    pub force: bool,
    /// Accept checked floats.
    pub allow_float: bool,
    /// Worker threads.
    pub threads: usize,
    /// Bytes of rows that wait in memory.
    pub memory: u64,
}

/// What a run says at its end.
#[derive(Debug)]
pub struct Settled {
    /// The manifest as published.
    pub manifest: Manifest,
    /// Totals by layer, for the summary.
    pub totals: Totals,
    /// Dated values that are not confirmed.
    pub unconfirmed: Vec<Used>,
    /// Rank of each identity under the policy.
    rank_of: [u8; Identity::COUNT],
}

/// The ledger as read: batches by range, and what was found on the way.
struct Read {
    batches: Vec<Held>,
    rejects: Vec<Reject>,
    years: BTreeSet<i32>,
}

/// One range of persons, settled and encoded.
struct Part {
    settlement: Option<Encoded>,
    audit: Option<Encoded>,
    persons: Option<Encoded>,
    alerts: Option<Encoded>,
    rejects: Vec<Reject>,
    totals: Totals,
    years: BTreeSet<i32>,
    residents: Residents,
    alert_counts: Vec<u64>,
    audit_rows: u64,
    other_years: u64,
    parts_mismatch: u64,
    identity_differs: u64,
    rows: u64,
}

/// The files that grow while persons are settled.
struct Files {
    settlement: ParquetFile,
    audit: Option<ParquetFile>,
    persons: ParquetFile,
    alerts: ParquetFile,
}

/// Their encoders, shared by the workers.
struct Encoders {
    settlement: Encoder,
    audit: Option<Encoder>,
    persons: Encoder,
    alerts: Encoder,
}

/// Runs a settlement. Nothing is published unless all of it succeeds.
///
/// # Errors
/// [`RunError`].
pub fn settle(run: &Settle, progress: &dyn Progress) -> Result<Settled, RunError> {
    let needs = Needs { subsidies: run.roster.is_some() };
    check_year(run)?;
    // What a year asked for lacks is said before a row is read.
    let early: Vec<i32> = run.year.into_iter().collect();
    let first = compile(&run.policy.doc, &run.parameters, &early, needs)?;
    refuse_illustrative(run, &first)?;

    let rules = TypeRules { allow_float: run.allow_float };
    let ledger = Ledger::open(run.ledger.clone(), &run.book, &run.renames, rules)?;
    check_columns(run, &ledger)?;
    let roles = Roles::new(&run.recorded_maf, &run.book)?;
    let (roster, roster_rejects) = read_roster(run, &ledger, &first.tables)?;
    let stage = Stage::create(&run.out, run.force)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(run.threads)
        .build()
        .map_err(|e| RunError::Threads { threads: run.threads, message: e.to_string() })?;

    let interner = Interner::default();
    let year_by = run.policy.doc.switches.year_by;
    let normaliser = Normaliser::new(&ledger, &run.book, &roles, year_by, roster.is_none(), &interner);
    let cuts = pool.install(|| survey(&ledger, progress))?;
    let store = Store::new(run.memory, stage.folder());
    let mut read = pool.install(|| read(&ledger, &normaliser, &cuts, &store, progress))?;

    let years = years_needed(run, &first.tables, roster.as_ref(), &read.years);
    let Compiled { mut tables, used } = compile(&run.policy.doc, &run.parameters, &years, needs)?;
    let compiled = Compiled { tables: tables.clone(), used };
    refuse_illustrative(run, &compiled)?;
    tables.bind_diseases(|code| interner.find(code));
    let texts = interner.texts();

    let reading = Reading::new(&normaliser, &roles, ledger.psn_no, ledger.setl_id);
    let context = Context { tables: &tables, psn_no: ledger.psn_no, setl_id: ledger.setl_id, texts: &texts };
    let (mut files, encoders) = create_files(run, &stage, context)?;
    let job = Job { run, context, reading: &reading, roster: roster.as_ref(), encoders: &encoders };
    let mut sums = Sums { alert_counts: vec![0; tables.alerts.len()], ..Sums::default() };
    let batches = std::mem::take(&mut read.batches);
    progress.begin(Step::Settle, ledger.rows());
    let take = |_: usize, part: Part| -> Result<(), RunError> {
        progress.advance(part.rows);
        sums.take(part, &mut files)
    };
    in_order(&pool, cuts.parts(), run.threads * 2, |p| job.part(&store, &batches, p), take)?;
    drop(batches);
    progress.end();

    let mut rejects = read.rejects;
    rejects.append(&mut sums.rejects);
    rejects.extend(roster_rejects);
    rejects.par_sort_unstable();
    let rows = match &roster {
        Some(roster) => {
            let years = sums.years.iter().copied().filter(|y| run.year.is_none_or(|only| only == *y)).collect();
            subsidies(&tables, roster, &years, &sums.residents)
        }
        None => Vec::new(),
    };

    let mut outputs = BTreeMap::new();
    outputs.insert("settlement.parquet".to_owned(), files.settlement.finish()?);
    if let Some(audit) = files.audit {
        outputs.insert("audit.parquet".to_owned(), audit.finish()?);
    }
    outputs.insert("persons.parquet".to_owned(), files.persons.finish()?);
    outputs.insert("alerts.parquet".to_owned(), files.alerts.finish()?);
    outputs.insert("subsidies.parquet".to_owned(), write_subsidies(&stage, context, roster.as_ref(), &rows)?);
    outputs.insert("rejects.parquet".to_owned(), write_rejects(&stage, run, &ledger, &rejects)?);

    let subsidy_total = rows.iter().map(|r| r.subsidy).sum();
    let unconfirmed = compiled.used.iter().filter(|u| is_unconfirmed(u)).cloned().collect();
    let manifest = Manifest {
        program: "onestop",
        version: env!("CARGO_PKG_VERSION"),
        policy: policy_part(&run.policy),
        parameters: ParametersPart { sha256: digest_of_text(&run.parameters.texts.concat()), used: compiled.used },
        inputs: inputs(run, &ledger, roster.as_ref())?,
        options: options_part(run),
        counts: sums.counts(&ledger, roster.as_ref(), &rejects, rows.len() as u64, &tables, &outputs),
        control_totals: ControlTotals::new(&sums.totals, &tables, subsidy_total),
        outputs,
    };
    stage.write(MANIFEST, manifest.to_json().as_bytes())?;
    stage.publish(run.force)?;
    Ok(Settled { manifest, totals: sums.totals, unconfirmed, rank_of: tables.rank_of })
}

fn is_unconfirmed(used: &Used) -> bool {
    use crate::policy::parameters::Standing;
    matches!(used.status, Standing::Reported | Standing::Illustrative)
}

fn check_year(run: &Settle) -> Result<(), RunError> {
    let header = &run.policy.doc.policy;
    let Some(year) = run.year.filter(|_| !run.as_if) else { return Ok(()) };
    let last = header.until.map_or(i32::MAX, |d| date::year_of(d.0));
    if (date::year_of(header.from.0)..=last).contains(&year) {
        return Ok(());
    }
    Err(RunError::YearOutside {
        year,
        policy: header.id.clone(),
        from: header.from.to_string(),
        until: header.until.map_or("open".to_owned(), |d| d.to_string()),
    })
}

fn refuse_illustrative(run: &Settle, compiled: &Compiled) -> Result<(), RunError> {
    let values: Vec<String> = compiled
        .used
        .iter()
        .filter(|u| is_illustrative(u))
        .map(|u| format!("{}{}", u.parameter, u.year.map_or(String::new(), |y| format!(" {y}"))))
        .collect();
    if run.strict && !values.is_empty() {
        return Err(RunError::Illustrative { values: values.join("; ") });
    }
    Ok(())
}

fn check_columns(run: &Settle, ledger: &Ledger) -> Result<(), RunError> {
    use crate::ledger::error::LedgerError;
    if run.roster.is_none() && !ledger.has(LedgerColumn::Identity) {
        return Err(LedgerError::NoIdentities.into());
    }
    if run.policy.doc.switches.year_by == YearBy::Enddate {
        for file in &ledger.files {
            if file.mapping.at[LedgerColumn::Enddate as usize].is_none() {
                return Err(LedgerError::NoEnddate { file: file.name() }.into());
            }
        }
    }
    Ok(())
}

fn read_roster(run: &Settle, ledger: &Ledger, tables: &Tables) -> Result<(Option<Roster>, Vec<Reject>), RunError> {
    let Some(source) = &run.roster else { return Ok((None, Vec::new())) };
    let other = "the ledger";
    let typed = (ledger.rows() > 0).then_some((ledger.psn_no, other));
    let in_force = run.policy.doc.switches.in_force;
    let (roster, rejects) = Roster::read(source.clone(), &run.book, &run.renames, tables, in_force, typed)?;
    Ok((Some(roster), rejects))
}

/// Looks at `psn_no` alone, to cut the persons into ranges.
fn survey(ledger: &Ledger, progress: &dyn Progress) -> Result<Cuts, RunError> {
    let Some(sampler) = Sampler::new(ledger.rows()) else { return Ok(Cuts::default()) };
    progress.begin(Step::Survey, ledger.rows());
    let psn_no = LedgerColumn::PsnNo as usize;
    let samples: Vec<Vec<Box<[u8]>>> = ledger
        .row_groups()
        .into_par_iter()
        .map(|(file, group)| {
            let mut sample: Vec<Box<[u8]>> = Vec::new();
            ledger.files[file].read::<RunError>(group, &[psn_no], BATCH_ROWS, |columns| {
                if let Some(array) = columns.get(psn_no) {
                    let ids = crate::ledger::decode::ids(array).map_err(RunError::defect("reading psn_no"))?;
                    sample.extend(ids.iter().flatten().filter(|id| sampler.takes(id)).map(Box::from));
                }
                progress.advance(columns.rows() as u64);
                Ok(())
            })?;
            Ok::<_, RunError>(sample)
        })
        .collect::<Result<_, _>>()?;
    progress.end();
    Ok(sampler.cuts(samples.into_iter().flatten().collect()))
}

/// Reads and normalises every row group.
fn read(
    ledger: &Ledger,
    normaliser: &Normaliser<'_>,
    cuts: &Cuts,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Read, RunError> {
    progress.begin(Step::Read, ledger.rows());
    let groups: Vec<Read> = ledger
        .row_groups()
        .into_par_iter()
        .map(|(number, group)| {
            let file = &ledger.files[number];
            let metadata = file.metadata.metadata();
            let before: i64 = (0..group).map(|g| metadata.row_group(g).num_rows()).sum();
            let mut next_row = before as u64 + 1;
            let mut found = Read { batches: Vec::new(), rejects: Vec::new(), years: BTreeSet::new() };
            file.read::<RunError>(group, &normaliser.columns, BATCH_ROWS, |columns| {
                let batch =
                    normaliser.normalise(columns, number, next_row).map_err(RunError::defect("normalising rows"))?;
                next_row += columns.rows() as u64;
                found.rejects.extend(batch.rejects);
                found.years.extend(batch.years);
                let scattered = cuts.scatter(&batch.batch).map_err(RunError::defect("scattering rows"))?;
                found.batches.push(store.hold(scattered)?);
                progress.advance(columns.rows() as u64);
                Ok(())
            })?;
            Ok::<_, RunError>(found)
        })
        .collect::<Result<_, _>>()?;
    progress.end();
    let mut all = Read { batches: Vec::new(), rejects: Vec::new(), years: BTreeSet::new() };
    for group in groups {
        all.batches.extend(group.batches);
        all.rejects.extend(group.rejects);
        all.years.extend(group.years);
    }
    Ok(all)
}

/// Benefit years that have to be settled: those of the rows within the policy's dates; with `--year`
/// that one, and the year before where a grant charged to it looks back.
fn years_needed(run: &Settle, tables: &Tables, roster: Option<&Roster>, found: &BTreeSet<i32>) -> Vec<i32> {
    let (from, until) = (date::year_of(tables.from), date::year_of(tables.until));
    let inside = |y: &i32| run.as_if || (from..=until).contains(y);
    let wanted = |y: &i32| match run.year {
        None => true,
        Some(year) if *y == year => true,
        Some(year) => roster.is_some_and(|r| r.has_grant_of(year)) && *y < year,
    };
    found.iter().copied().filter(|y| inside(y) && wanted(y)).collect()
}

fn create_files(run: &Settle, stage: &Stage, context: Context<'_>) -> Result<(Files, Encoders), OutputError> {
    let (psn_no, setl_id) = (context.psn_no, context.setl_id);
    let create = |name: &str, schema| ParquetFile::create(&stage.file(name), schema);
    let (settlement, settlement_encoder) =
        create("settlement.parquet", files::settlement_schema(psn_no, setl_id))?;
    let audit = run.audit.then(|| create("audit.parquet", files::audit_schema(psn_no, setl_id))).transpose()?;
    let (audit, audit_encoder) = audit.unzip();
    let (persons, persons_encoder) = create("persons.parquet", files::persons_schema(psn_no))?;
    let (alerts, alerts_encoder) = create("alerts.parquet", files::alerts_schema(psn_no, setl_id))?;
    let encoders = Encoders {
        settlement: settlement_encoder,
        audit: audit_encoder,
        persons: persons_encoder,
        alerts: alerts_encoder,
    };
    Ok((Files { settlement, audit, persons, alerts }, encoders))
}

/// What a worker needs to settle a range.
struct Job<'a> {
    run: &'a Settle,
    context: Context<'a>,
    reading: &'a Reading,
    roster: Option<&'a Roster>,
    encoders: &'a Encoders,
}

impl Job<'_> {
    /// Sorts, resolves, settles and encodes one range of persons.
    fn part(&self, store: &Store, batches: &[Held], part: usize) -> Result<Part, RunError> {
        let mut pieces = Vec::with_capacity(batches.len());
        for held in batches {
            pieces.extend(store.part(held, part)?);
        }
        let mut rows =
            self.reading.sort(&pieces, self.context.texts).map_err(RunError::defect("sorting rows by person"))?;
        drop(pieces);
        let tables = self.context.tables;
        rows.certify(|packed| self.certified(packed));
        let mut sink = Sink::new(tables, self.run.year, self.run.audit);
        let mut found = Found::default();
        self.persons(&rows, &mut sink, &mut found);
        if !files::conserves(&sink.settlement) {
            let message = "a settled row does not add up to its fee".to_owned();
            return Err(RunError::Defect { what: "conservation of money", message });
        }
        let mut alert_counts = vec![0; tables.alerts.len()];
        for alert in &sink.alerts {
            alert_counts[usize::from(alert.alert)] += 1;
        }
        let build = RunError::defect("building output columns");
        let context = self.context;
        let audit_rows = sink.audit.row.len() as u64;
        let settlement = files::settlement(context, &rows, sink.settlement).map_err(&build)?;
        let persons = files::persons(context, &rows, sink.persons).map_err(&build)?;
        let alerts = files::alerts(context, &rows, &sink.alerts).map_err(&build)?;
        let audit = match &self.encoders.audit {
            Some(encoder) => encoder.encode(&files::audit(context, &rows, sink.audit).map_err(&build)?)?,
            None => None,
        };
        Ok(Part {
            settlement: self.encoders.settlement.encode(&settlement)?,
            audit,
            persons: self.encoders.persons.encode(&persons)?,
            alerts: self.encoders.alerts.encode(&alerts)?,
            rejects: found.rejects,
            totals: sink.totals,
            years: sink.years,
            residents: found.residents,
            alert_counts,
            audit_rows,
            other_years: sink.other_years,
            parts_mismatch: found.parts_mismatch,
            identity_differs: found.identity_differs,
            rows: rows.rows() as u64,
        })
    }

    /// The rank of the identity that the ledger carries.
    fn certified(&self, packed: crate::ledger::marks::Packed) -> u8 {
        let tables = self.context.tables;
        packed.identity().map_or(NO_RANK, |i| tables.rank_of[i.index()])
    }

    fn persons(&self, rows: &Sorted, sink: &mut Sink, found: &mut Found) {
        let tables = self.context.tables;
        let claims = rows.claims();
        let period = (!self.run.as_if).then_some((tables.from, tables.until));
        let granted = tables.grant_lookback.iter().position(Option::is_some).map_or(NO_RANK, |r| r as u8);
        let (mut resolver, mut scratch) = (Resolver::default(), Scratch::default());
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for person in rows.persons() {
            accepted.clear();
            let first = person.start;
            resolver.resolve(rows, person, period, &mut accepted, &mut refused);
            let number = self.roster.map(|r| r.find(rows.psn_no(first)));
            let holdings = match (self.roster, number) {
                (Some(roster), Some(Some(n))) => Holdings::Roster(roster.periods(n)),
                (Some(_), _) => Holdings::Roster(&[]),
                (None, _) => Holdings::Ledger { granted },
            };
            if !accepted.is_empty() {
                settle_person(tables, &claims, &accepted, holdings, &mut scratch, sink);
            }
            for a in accepted.iter().filter(|a| !a.reversed) {
                let row = a.row as usize;
                let packed = rows.packed(row);
                found.parts_mismatch += u64::from(packed.parts_mismatch());
                if let Some(Some(n)) = number {
                    let key = (n as u32, date::year_of(claims.day[row]));
                    *found.residents.entry(key).or_default() |= packed.insutype() != crate::model::codes::Insutype::Employee;
                }
                if self.roster.is_some() && self.compares() {
                    let held = holdings.in_force(tables, claims.day[row], NO_RANK);
                    let rank = self.certified(packed);
                    let same = match rank {
                        NO_RANK => held == 0 && !packed.identity_unknown(),
                        rank => held & (1 << rank) != 0,
                    };
                    found.identity_differs += u64::from(!same);
                }
            }
        }
        for refusal in refused {
            let row = refusal.row as usize;
            let (file, number) = place(rows.origin(row));
            found.rejects.push(Reject {
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

/// What is found beside the kernel's output.
#[derive(Default)]
struct Found {
    rejects: Vec<Reject>,
    residents: Residents,
    parts_mismatch: u64,
    identity_differs: u64,
}

/// What the ranges add up to.
#[derive(Default)]
struct Sums {
    totals: Totals,
    rejects: Vec<Reject>,
    years: BTreeSet<i32>,
    residents: Residents,
    alert_counts: Vec<u64>,
    audit_rows: u64,
    other_years: u64,
    parts_mismatch: u64,
    identity_differs: u64,
}

impl Sums {
    fn take(&mut self, part: Part, files: &mut Files) -> Result<(), RunError> {
        files.settlement.append(part.settlement)?;
        if let Some(audit) = &mut files.audit {
            audit.append(part.audit)?;
        }
        files.persons.append(part.persons)?;
        files.alerts.append(part.alerts)?;
        self.totals.merge(&part.totals);
        self.rejects.extend(part.rejects);
        self.years.extend(part.years);
        self.residents.extend(part.residents);
        self.alert_counts.iter_mut().zip(part.alert_counts).for_each(|(a, b)| *a += b);
        self.audit_rows += part.audit_rows;
        self.other_years += part.other_years;
        self.parts_mismatch += part.parts_mismatch;
        self.identity_differs += part.identity_differs;
        Ok(())
    }

    fn counts(
        &self,
        ledger: &Ledger,
        roster: Option<&Roster>,
        rejects: &[Reject],
        subsidies: u64,
        tables: &Tables,
        outputs: &BTreeMap<String, FileDigest>,
    ) -> Counts {
        let from = |source: RejectSource| rejects.iter().filter(|r| r.source == source).count() as u64;
        let alerts = tables.alerts.iter().cloned().zip(self.alert_counts.iter().copied());
        Counts {
            ledger_rows: ledger.rows(),
            roster_rows: roster.map_or(0, |r| r.rows),
            settlement_rows: outputs.get("settlement.parquet").map_or(0, |d| d.rows),
            persons: self.totals.persons,
            audit_rows: self.audit_rows,
            ledger_rejects: from(RejectSource::Ledger),
            roster_rejects: from(RejectSource::Roster),
            other_charge_years: self.other_years,
            by_status: by_status(&self.totals),
            by_reason: by_reason(&self.totals),
            rejects_by_reason: manifest::rejects_by_reason(rejects.iter().map(|r| r.reason)),
            alerts: alerts.filter(|(_, count)| *count > 0).collect(),
            subsidies,
            fee_parts_mismatch: self.parts_mismatch,
            identity_differs: self.identity_differs,
        }
    }
}

fn write_subsidies(
    stage: &Stage,
    context: Context<'_>,
    roster: Option<&Roster>,
    rows: &[files::SubsidyRow],
) -> Result<FileDigest, RunError> {
    let (mut file, encoder) =
        ParquetFile::create(&stage.file("subsidies.parquet"), files::subsidies_schema(context.psn_no))?;
    for chunk in rows.chunks(TAIL_ROWS) {
        let psn_no = |person: u32| roster.map_or(&[][..], |r| r.psn_no(person as usize));
        let batch =
            files::subsidies(context, chunk, psn_no).map_err(RunError::defect("building output columns"))?;
        file.append(encoder.encode(&batch)?)?;
    }
    Ok(file.finish()?)
}

fn write_rejects(stage: &Stage, run: &Settle, ledger: &Ledger, rejects: &[Reject]) -> Result<FileDigest, RunError> {
    let (mut file, encoder) = ParquetFile::create(&stage.file("rejects.parquet"), files::rejects_schema())?;
    let names: Vec<String> = ledger.files.iter().map(|f| f.name()).collect();
    let roster = run.roster.as_ref().map_or(String::new(), Source::name);
    for chunk in rejects.chunks(TAIL_ROWS) {
        let name = |r: &Reject| match r.source {
            RejectSource::Ledger => names[r.file as usize].as_str(),
            RejectSource::Roster => roster.as_str(),
        };
        let batch = files::rejects(chunk, ledger.psn_no, ledger.setl_id, name)
            .map_err(RunError::defect("building output columns"))?;
        file.append(encoder.encode(&batch)?)?;
    }
    Ok(file.finish()?)
}

fn policy_part(policy: &Policy) -> PolicyPart {
    let header = &policy.doc.policy;
    PolicyPart {
        id: header.id.clone(),
        title: header.title.clone(),
        document: header.document.clone(),
        origin: policy.origin.clone(),
        from: header.from.to_string(),
        until: header.until.map(|d| d.to_string()),
        sha256: digest_of_text(&policy.text),
        listed_order: header.listed_order.iter().map(|i| i.as_str().to_owned()).collect(),
    }
}

fn options_part(run: &Settle) -> OptionsPart {
    OptionsPart {
        year: run.year,
        as_if: run.as_if,
        audit: if run.audit { "full" } else { "none" },
        allow_float: run.allow_float,
        recorded_maf: run.recorded_maf.clone(),
        columns: run.renames.clone(),
    }
}

/// Size, rows and digest of every input, by name.
fn inputs(run: &Settle, ledger: &Ledger, roster: Option<&Roster>) -> Result<Vec<InputPart>, RunError> {
    let mut all: Vec<(&'static str, &Source, u64)> =
        ledger.files.iter().map(|f| ("ledger", &f.source, f.rows())).collect();
    all.extend(run.roster.iter().map(|s| ("roster", s, roster.map_or(0, |r| r.rows))));
    let mut parts = all
        .into_par_iter()
        .map(|(source, file, rows)| {
            let (size, sha256) = digest_of_source(file)?;
            Ok(InputPart { source, path: file.name(), size, rows, sha256 })
        })
        .collect::<Result<Vec<_>, RunError>>()?;
    parts.sort();
    Ok(parts)
}

fn digest_of_source(source: &Source) -> Result<(u64, String), RunError> {
    match source {
        Source::Path(path) => digest_of(path).map_err(|e| io(path, e)),
        Source::Embedded(_, bytes) => Ok((bytes.len() as u64, hex(&Sha256::digest(bytes)))),
    }
}

fn io(path: &Path, source: std::io::Error) -> RunError {
    crate::ledger::error::LedgerError::Io { path: path.to_owned(), source }.into()
}

impl Settled {
    /// Rank of an identity under the policy of the run.
    pub fn rank_of(&self, identity: Identity) -> u8 {
        self.rank_of[identity.index()]
    }
}
