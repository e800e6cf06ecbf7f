//! One person replayed: the ledger's and the roster's rows of that person alone are settled, and the rows
//! that come out are held against the folder's. Nobody else's rows are settled, written or shown.

use super::Verify;
use super::again::{finding, not_settled, private_folder, run_of};
use super::check::{Check, Finding, PersonRows, Report};
use super::differ::of_batches;
use super::error::VerifyError;
use super::files::is_table;
use super::origins::Origins;
use crate::explain::explain;
use crate::explain::read::{Rows, cell};
use crate::lang::{Both, Lang, both};
use crate::ledger::decode;
use crate::ledger::error::LedgerError;
use crate::ledger::open::{InputFile, ReadAs, Source};
use crate::ledger::reject::id_text;
use crate::ledger::rows::Ids;
use crate::ledger::schema::{LEDGER, LedgerColumn, ROSTER, RosterColumn, Spec, TypeRules, id_type};
use crate::output::access::private;
use crate::output::error::OutputError;
use crate::run::progress::Progress;
use crate::run::recorded::Recorded;
use crate::run::settle::settle;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::{cast, concat_batches, filter};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use std::path::Path;
use std::sync::Arc;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 32_768;
const LABEL: &str = "单人重放";
const REJECTS: &str = "rejects.parquet";
const SUBSIDIES: &str = "subsidies.parquet";

/// Replays a person.
pub(super) fn check(
    plan: &Verify,
    recorded: &Recorded,
    origins: &Origins,
    psn_no: &str,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let needed = |what: Both, option: &'static str| move |why| VerifyError::NotFound { what, why, option };
    let ledger = origins.ledger.clone().map_err(needed(both!("the ledger", "台账"), "--ledger"))?;
    let roster = origins.roster.clone().map_err(needed(both!("the roster", "名册"), "--roster"))?;
    let book = origins.book.clone().map_err(needed(both!("the codes", "代码表文件"), "--codes"))?;

    let mask =
        origins.mask.clone().map_err(needed(both!("the key of the person numbers", "人员编号的密钥"), "--mask"))?;
    let masked = mask.as_ref().map(|mask| mask.of(psn_no));
    let psn_no = masked.as_deref().unwrap_or(psn_no);

    let stage = private_folder(&plan.dir)?;
    let read_as = ReadAs { book: &book, renames: &recorded.options.columns, mask: mask.as_ref() };
    let reading = Extract { read_as, psn_no };
    let rules = TypeRules { allow_float: recorded.options.allow_float, unchecked: false };
    let (mut theirs, mut rows) = (Vec::new(), 0);
    for (number, source) in ledger.into_iter().enumerate() {
        let path = stage.file(&format!("ledger-{number}.parquet"));
        rows += reading.write(source, LEDGER, LedgerColumn::PsnNo as usize, rules, &path)?;
        theirs.push(Source::Path(path));
    }
    let roster = match roster {
        None => None,
        Some(source) => {
            let path = stage.file("roster.parquet");
            reading.write(source, ROSTER, RosterColumn::PsnNo as usize, TypeRules::default(), &path)?;
            Some(Source::Path(path))
        }
    };
    let names: Vec<&String> = recorded.outputs.keys().filter(|n| *n != "clauses.parquet" && is_table(n)).collect();
    if rows == 0 {
        let held = |name: &&String| Rows::of(&plan.dir, name, psn_no).is_ok_and(|r| !r.is_empty());
        if !names.iter().any(held) {
            return Err(VerifyError::NoPerson { psn_no: psn_no.to_owned(), dir: plan.dir.clone() });
        }
    }
    let out = stage.file("replayed");
    let run = run_of(plan, recorded, origins, theirs, roster, out.clone());
    let mut run = run.map_err(needed(both!("the policy or the parameters", "政策或参数"), "--policy or --params"))?;
    // The person's rows were masked when they were taken out.
    run.mask = None;
    // The audit tells the story, whether or not the folder has one.
    run.audit = true;
    let settled = settle(&run, progress);
    if let Err(error) = settled {
        let check = Check::new(LABEL, format!("replay of person {psn_no}")).about(psn_no);
        report.push(not_settled(check, Some(psn_no), &error));
        return Ok(());
    }
    for name in names {
        compare(&plan.dir, &out, name, psn_no, report)?;
    }
    let story = |lang| explain(&out, psn_no, None, lang).unwrap_or_default();
    report.story = Some([story(Lang::Zh), story(Lang::En)]);
    Ok(())
}

/// The person's rows of a file as the folder has them and as replayed.
fn compare(dir: &Path, again: &Path, name: &str, psn_no: &str, report: &mut Report) -> Result<(), VerifyError> {
    let mut check = Check::new(LABEL, format!("person {psn_no}: {name}")).about(format!("{psn_no}：{name}"));
    let at = || Finding { place: name.to_owned(), psn_no: Some(psn_no.to_owned()), ..Finding::default() };
    let replayed = Rows::of(again, name, psn_no)?;
    match Rows::of(dir, name, psn_no) {
        Err(error) => check.find(|| Finding {
            column: "rows".into(),
            stated: "readable".into(),
            found: error.to_string().lines().next().unwrap_or_default().to_owned(),
            ..at()
        }),
        Ok(stated) => {
            let ignored: &[&str] = if name == REJECTS { &["file", "row"] } else { &[] };
            let failed = |e: ArrowError| VerifyError::Rows(damaged(dir, name, Both::foreign(e)));
            let one = together(&stated).map_err(failed)?;
            let mut other = together(&replayed).map_err(failed)?;
            let mut one = one.or_else(|| other.as_ref().map(|b| b.slice(0, 0)));
            if name == SUBSIDIES {
                // A year in which only others have claims is not seen from this person's rows.
                let years = years_of(&other);
                let seen = one.as_ref().map(|batch| only_years(batch, &years, &mut check.note));
                one = seen.transpose().map_err(failed)?;
            }
            other = other.or_else(|| one.as_ref().map(|b| b.slice(0, 0)));
            if let (Some(one), Some(other)) = (one, other) {
                check.look(one.num_rows() as u64);
                let rows = one.num_rows().min(other.num_rows());
                let found = of_batches(&one.slice(0, rows), &other.slice(0, rows), ignored, 0);
                match found {
                    Some(found) => check.find(|| Finding { psn_no: Some(psn_no.into()), ..finding(&at(), found) }),
                    None => {
                        let [one, other] = [&one, &other].map(|b| b.num_rows());
                        check.expect(one, other, usize::to_string, || Finding { column: "rows".into(), ..at() });
                    }
                }
            }
        }
    }
    report.rows.insert(name.to_owned(), as_text(&replayed));
    report.push(check);
    Ok(())
}

fn damaged(dir: &Path, name: &str, message: Both) -> crate::explain::read::ExplainError {
    crate::explain::read::ExplainError::Damaged { path: dir.join(name), message }
}

fn together(rows: &Rows) -> Result<Option<RecordBatch>, ArrowError> {
    let batches = rows.batches();
    batches.first().map(|first| concat_batches(&first.schema(), batches)).transpose()
}

fn years_of(subsidies: &Option<RecordBatch>) -> Vec<String> {
    let column = subsidies.as_ref().and_then(|b| b.column_by_name("year"));
    column.map_or_else(Vec::new, |c| (0..c.len()).filter_map(|row| cell(c, row)).collect())
}

fn only_years(batch: &RecordBatch, years: &[String], note: &mut Both) -> Result<RecordBatch, ArrowError> {
    let Some(column) = batch.column_by_name("year") else { return Ok(batch.clone()) };
    let seen: BooleanArray =
        (0..batch.num_rows()).map(|row| cell(column, row).is_some_and(|y| years.contains(&y))).map(Some).collect();
    if seen.true_count() < batch.num_rows() {
        let left = batch.num_rows() - seen.true_count();
        *note =
            both!("{left} left out: of years in which this person has no claim", "{left} 行未比对：该人员当年没有结算");
    }
    arrow::compute::filter_record_batch(batch, &seen)
}

fn as_text(rows: &Rows) -> PersonRows {
    let row = |batch: &RecordBatch, at: usize| {
        let schema = batch.schema();
        let cells = schema.fields().iter().zip(batch.columns());
        cells.filter_map(|(field, column)| Some((field.name().clone(), cell(column, at)?.into()))).collect()
    };
    rows.batches().iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| row(batch, at))).collect()
}

/// How a person's rows are taken out of a file.
struct Extract<'a> {
    read_as: ReadAs<'a>,
    psn_no: &'a str,
}

impl Extract<'_> {
    /// Writes the person's rows of a file, the columns that the program reads; how many they are.
    fn write(
        &self,
        source: Source,
        specs: &[Spec],
        psn_no: usize,
        rules: TypeRules,
        to: &Path,
    ) -> Result<u64, VerifyError> {
        let ReadAs { book, renames, mask } = self.read_as;
        let file = InputFile::open(source, specs, book, renames, rules)?.masked(mask);
        let name = file.name();
        let columns: Vec<(usize, usize)> =
            file.mapping.at.iter().enumerate().filter_map(|(c, at)| Some((c, (*at)?))).collect();
        let fields: Vec<Field> =
            columns.iter().filter_map(|(c, _)| Some(file.field(*c)?.with_nullable(true))).collect();
        let schema = Arc::new(Schema::new(fields));
        let wanted: Vec<usize> = columns.iter().map(|(c, _)| *c).collect();
        let written = |message: String| OutputError::Encode { file: name.clone(), message };
        let io = |source| OutputError::Io { path: to.to_owned(), source };
        let out = private().create_new(true).open(to).map_err(io)?;
        let mut writer = ArrowWriter::try_new(out, schema.clone(), None).map_err(|e| written(e.to_string()))?;
        let mut rows = 0;
        for group in 0..file.row_groups() {
            let failed = |e: ArrowError| LedgerError::Parquet {
                file: name.clone(),
                row_group: Some(group),
                message: Both::foreign(e),
            };
            // The ids alone first: most row groups have nobody to look for.
            let mut holds = false;
            file.read::<VerifyError>(group, &[psn_no], BATCH_ROWS, |batch| {
                if let Some(ids) = batch.get(psn_no) {
                    holds |= self.mine(ids).map_err(failed)?.true_count() > 0;
                }
                Ok(())
            })?;
            if !holds {
                continue;
            }
            file.read::<VerifyError>(group, &wanted, BATCH_ROWS, |batch| {
                let Some(ids) = batch.get(psn_no) else { return Ok(()) };
                let mine = self.mine(ids).map_err(failed)?;
                if mine.true_count() == 0 {
                    return Ok(());
                }
                // Row groups may be read in different types; the file has one.
                let column = |(field, number): (&Arc<Field>, &usize)| -> Result<ArrayRef, ArrowError> {
                    let column = batch.get(*number).ok_or_else(|| ArrowError::SchemaError(field.name().clone()))?;
                    cast(&filter(column, &mine)?, field.data_type())
                };
                let arrays = schema.fields().iter().zip(&wanted).map(column).collect::<Result<Vec<_>, _>>();
                let theirs = arrays.and_then(|arrays| RecordBatch::try_new(schema.clone(), arrays)).map_err(failed)?;
                rows += theirs.num_rows() as u64;
                writer.write(&theirs).map_err(|e| written(e.to_string()))?;
                Ok(())
            })?;
        }
        writer.close().map_err(|e| written(e.to_string()))?;
        Ok(rows)
    }

    /// Which rows are the person's, the ids read as the program reads them.
    fn mine(&self, ids: &ArrayRef) -> Result<BooleanArray, ArrowError> {
        let mut read = Ids::default();
        decode::ids(ids, &mut read)?;
        let of = id_type(ids.data_type());
        Ok((0..read.len())
            .map(|row| Some(!read.get(row).is_empty() && id_text(read.get(row), of) == self.psn_no))
            .collect())
    }
}
